import type { Gic, Its } from '../its/index.ts'
import type { Outcome } from '../memory/index.ts'
import { type Sealed, type SealLimit, seal, stampedHeads } from '../seal/index.ts'
import { type Heads, type Saved, savePendingTables, saveTables } from '../tables/index.ts'

interface SaveModeRow {
  readonly says: string
  readonly save: (its: Its) => Outcome<Saved | Sealed>
  /** The heads that a restore follows; absent: those of the kernel that restores. */
  readonly restoredWith?: Heads
}

/** How the tables are saved for the restore that must be exact. */
export const saveModes = {
  own: { says: 'as the kernel saves them', save: (its) => saveTables(its) },
  seal: { says: 'by the sealed save', save: (its) => seal(its) },
  heads: {
    says: 'as the kernel saves them, with heads of ours, which the restore follows',
    save: (its) => saveTables(its, { heads: stampedHeads }),
    restoredWith: stampedHeads,
  },
  'sealed heads': {
    says: 'by the sealed save with heads of ours, which the restore follows',
    save: (its) => seal(its, { heads: stampedHeads }),
    restoredWith: stampedHeads,
  },
} as const satisfies Record<string, SaveModeRow>

export type SaveMode = keyof typeof saveModes

export const saveModeRow = (mode: SaveMode): SaveModeRow => saveModes[mode]

/** How a suspend saves that fails: by the kernel, with heads where the scope has them. */
export const suspendMode = (mode: SaveMode): 'own' | 'heads' => (mode.endsWith('heads') ? 'heads' : 'own')

/** Saves a VM, and where its scope has pending bits those too, after the tables. */
export function savedBy(
  vm: { readonly its: Its; readonly shape: { readonly pending: number } },
  mode: SaveMode,
): Outcome<Saved | Sealed> {
  const saved = saveModeRow(mode).save(vm.its)
  return saved.ok && vm.shape.pending >= 0 ? withPending(saved, vm.its.gic) : saved
}

function withPending(saved: Outcome<Saved | Sealed>, gic: Gic): Outcome<Saved | Sealed> {
  const pending = savePendingTables(gic)
  return pending.ok ? saved : pending
}

/** What a save says no bytes could help; nothing where it does not look. */
export const limitsOf = (saved: Saved | Sealed): readonly SealLimit[] => ('limits' in saved ? saved.limits : [])
