import { DTE, ENTRY_BYTES, type GicRegisters, queueShape, savedIts } from '../abi/index.ts'
import { coalesce, type Gpa, type GpaRange, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import { dteBlocks, eachWord } from './blocks.ts'
import { ittBytes, lpiRanges } from './owned-ranges.ts'
import { nextValidDte } from './scan.ts'
import { tableView } from './table-view.ts'

/** What KVM does itself with a piece of guest RAM, behind the back of whoever tracks the guest's own writes. */
export const tableUses = {
  'device table': { saveWrites: true, restoreReads: true },
  // The guest writes these; KVM only looks for the second level in them.
  'device table, first level': { saveWrites: false, restoreReads: true },
  'device table, second level': { saveWrites: true, restoreReads: true },
  ITT: { saveWrites: true, restoreReads: true },
  'collection table': { saveWrites: true, restoreReads: true },
  // Read as far as commands wait, from CREADR to CWRITER.
  'command queue': { saveWrites: false, restoreReads: false },
  'LPI configuration table': { saveWrites: false, restoreReads: true },
  'pending table': { saveWrites: true, restoreReads: true },
} as const

export type TableUse = keyof typeof tableUses

/** A piece of guest RAM that a save writes, or a restore reads, or the guest talks to its ITS through. */
export interface PageUse extends GpaRange {
  readonly what: TableUse
  /** Index of the ITS; undefined for the LPI tables, which all share. */
  readonly its: number | undefined
  /** Whose ITT it is. */
  readonly deviceId?: number
  /** Whose pending table it is. */
  readonly vcpuId?: number
  /** KVM_DEV_ARM_ITS_SAVE_TABLES or KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES may write it. */
  readonly saveWrites: boolean
  /** KVM_DEV_ARM_ITS_RESTORE_TABLES, or enabling LPIs and the ITS after it, may read it. */
  readonly restoreReads: boolean
}

/**
 * The guest RAM that a save writes and a restore reads, by cause. What `footprint` names must be loaded. Ranges may lie outside RAM,
 * and may overlap where a guest put them so.
 *
 * @source Linux arch/arm64/kvm/vgic/vgic-its.c, vgic_its_save_tables_v0 and vgic_its_restore_tables_v0; vgic-v3.c,
 * vgic_v3_save_pending_tables and vgic_v3_lpi_sync_pending_status
 */
export function pageUses(memory: ReadonlyMemory, registers: GicRegisters): PageUse[] {
  return [...registers.itses.flatMap((_, its) => usesOfIts(memory, registers, its)), ...lpiTableUses(registers)]
}

function usesOfIts(memory: ReadonlyMemory, registers: GicRegisters, its: number): PageUse[] {
  const uses: PageUse[] = []
  const { deviceTable, collectionTable } = tableView(registers, its)
  const { cbaser, creadr, cwriter } = savedIts(registers, its)
  const queue = queueShape(cbaser)
  const add = (what: TableUse, base: number, bytes: number, more: Partial<PageUse> = {}): void => {
    uses.push(use(what, base, bytes, { its, ...more }))
  }
  if (queue.valid) add('command queue', queue.base, queue.bytes, { restoreReads: creadr !== cwriter })
  if (collectionTable.valid) add('collection table', collectionTable.base, collectionTable.bytes)
  if (deviceTable.valid && deviceTable.indirect) add('device table, first level', deviceTable.base, deviceTable.bytes)
  for (const { base, entries, firstId } of dteBlocks(memory, deviceTable)) {
    add(deviceTable.indirect ? 'device table, second level' : 'device table', base, entries * ENTRY_BYTES)
    eachWord(memory, base, entries, nextValidDte, (slot, lo, hi) => {
      const { ittAddr, size } = DTE.fields
      add('ITT', ittAddr.get(lo, hi), ittBytes(size.get(lo, hi) + 1), { deviceId: firstId + slot })
      return true
    })
  }
  return uses
}

/** One configuration table for all that name the same, and a pending table each. */
function lpiTableUses(registers: GicRegisters): PageUse[] {
  const ranges = lpiRanges(registers)
  const configurations = new Map(ranges.filter(({ what }) => what === 'LPI configuration table').map((one) => [one.base, one]))
  return [
    ...[...configurations.values()].map(({ what, base, bytes }) => use(what, base, bytes)),
    ...ranges
      .filter(({ what }) => what === 'pending table')
      .map(({ what, base, bytes, vcpuId }) => use(what, base, bytes, { vcpuId })),
  ]
}

function use(what: TableUse, base: number, bytes: number, more: Partial<PageUse> = {}): PageUse {
  const { saveWrites, restoreReads } = tableUses[what]
  return { its: undefined, what, base: base as Gpa, bytes, saveWrites, restoreReads, ...more }
}

/** The whole pages of `ranges` that are RAM, joined where they touch. */
export function wholePages(memory: ReadonlyMemory, ranges: readonly GpaRange[]): GpaRange[] {
  const pages = ranges.map(({ base, bytes }) => {
    const first = base - (base % PAGE_BYTES)
    return { base: first as Gpa, bytes: Math.ceil((base + bytes - first) / PAGE_BYTES) * PAGE_BYTES }
  })
  return memory.ranges.flatMap((ram) =>
    coalesce(pages).flatMap(({ base, bytes }) => {
      const from = Math.max(base, ram.base)
      const length = Math.min(base + bytes, ram.base + ram.bytes) - from
      return length > 0 ? [{ base: from as Gpa, bytes: length }] : []
    }),
  )
}
