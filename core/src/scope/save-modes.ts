import type { Gic, Its } from '../its/index.ts'
import type { Outcome } from '../memory/index.ts'
import { type Sealed, seal, sealTables, stampedHeads } from '../seal/index.ts'
import { type Heads, type Saved, savePendingTables, saveTables } from '../tables/index.ts'

interface SaveModeRow {
  readonly says: string
  readonly save: (its: Its) => Outcome<Saved>
  /** Saves once more, with the same bytes, and says what none could help; absent: such a save does not look. */
  readonly limits?: (its: Its) => Outcome<Pick<Sealed, 'limits'>>
  /** The heads that a restore follows; absent: those of the kernel that restores. */
  readonly restoredWith?: Heads
}

/** How the tables are saved for the restore that must be exact. */
export const saveModes = {
  own: { says: 'as the kernel saves them', save: (its) => saveTables(its) },
  seal: { says: 'by the sealed save', save: (its) => sealTables(its), limits: (its) => seal(its) },
  heads: {
    says: 'as the kernel saves them, with heads of ours, which the restore follows',
    save: (its) => saveTables(its, { heads: stampedHeads }),
    restoredWith: stampedHeads,
  },
  'sealed heads': {
    says: 'by the sealed save with heads of ours, which the restore follows',
    save: (its) => sealTables(its, { heads: stampedHeads }),
    limits: (its) => seal(its, { heads: stampedHeads }),
    restoredWith: stampedHeads,
  },
} as const satisfies Record<string, SaveModeRow>

export type SaveMode = keyof typeof saveModes

export const saveModeRow = (mode: SaveMode): SaveModeRow => saveModes[mode]

/** How a suspend saves that fails: by the kernel, with heads where the scope has them. */
export const suspendMode = (mode: SaveMode): 'own' | 'heads' => (mode.endsWith('heads') ? 'heads' : 'own')

/** Saves a VM, and where its scope has pending bits those too, after the tables. */
export function savedBy(vm: { readonly its: Its; readonly shape: { readonly pending: number } }, mode: SaveMode): Outcome<Saved> {
  const saved = saveModeRow(mode).save(vm.its)
  return saved.ok && vm.shape.pending >= 0 ? withPending(saved, vm.its.gic) : saved
}

function withPending(saved: Outcome<Saved>, gic: Gic): Outcome<Saved> {
  const pending = savePendingTables(gic)
  return pending.ok ? saved : pending
}
