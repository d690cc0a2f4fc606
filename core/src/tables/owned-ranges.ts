import {
  DTE,
  ENTRY_BYTES,
  FIRST_LPI,
  GICR_PENDBASER,
  GICR_PROPBASER,
  type GicRegisters,
  ID_LIMIT,
  MAX_EVENTID_BITS,
  queueShape,
  savedIts,
  type TableShape,
} from '../abi/index.ts'
import type { Gpa, GpaRange, ReadonlyMemory } from '../memory/index.ts'
import { dteBlocks, eachWord } from './blocks.ts'
import { nextValidDte } from './scan.ts'
import { tableView } from './table-view.ts'

/** What the registers of an ITS point at. */
export interface RegisterRange extends GpaRange {
  readonly what: 'collection table' | 'device table' | 'command queue'
}

/**
 * The guest RAM that GITS_BASER<n> and GITS_CBASER of one ITS give it: of a two-level device table the first level. Some kernels enable
 * an ITS whose queue is not Valid, and run what waits in it.
 */
export function registerRanges(registers: GicRegisters, its = 0): RegisterRange[] {
  const { deviceTable, collectionTable } = tableView(registers, its)
  const { cbaser, creadr, cwriter } = savedIts(registers, its)
  const queue = queueShape(cbaser)
  const named = [
    ['collection table', collectionTable],
    ['device table', deviceTable],
    ['command queue', { ...queue, valid: queue.valid || creadr !== cwriter }],
  ] as const
  return named.flatMap(([what, { valid, base, bytes }]) => (valid ? [{ what, base: base as Gpa, bytes }] : []))
}

/** What the registers of a redistributor point at. */
export interface LpiRange extends GpaRange {
  readonly what: 'LPI configuration table' | 'pending table'
  readonly vcpuId: number
}

/**
 * The LPI configuration and pending tables of all redistributors; no configuration where GICR_PROPBASER has room for no LPI. KVM has one
 * GICR_PROPBASER for all: where any of them has room, a restore reads the pending table of each.
 */
export function lpiRanges({ redistributors }: GicRegisters): LpiRange[] {
  const tables = redistributors.map(({ vcpuId, propbaser, pendbaser }) => {
    const { address, idBits } = GICR_PROPBASER.unpack(propbaser)
    const lpis = Math.min(2 ** (idBits + 1), ID_LIMIT) - FIRST_LPI
    return { vcpuId, address, lpis, pending: GICR_PENDBASER.unpack(pendbaser).address }
  })
  if (!tables.some(({ lpis }) => lpis > 0)) return []
  return tables.flatMap(({ vcpuId, address, lpis, pending }): LpiRange[] => [
    ...(lpis > 0 ? [{ what: 'LPI configuration table', vcpuId, base: address as Gpa, bytes: lpis } as const] : []),
    { what: 'pending table', vcpuId, base: pending as Gpa, bytes: ID_LIMIT / 8 },
  ])
}

/** Where the DTEs lie: the flat device table, or its second-level pages. */
export function dteRanges(memory: ReadonlyMemory, deviceTable: TableShape): GpaRange[] {
  return dteBlocks(memory, deviceTable).map(({ base, entries }) => ({ base, bytes: entries * ENTRY_BYTES }))
}

/** The bytes of an ITT; no EventID has more than 16 bits, whatever the DTE says. */
export const ittBytes = (eventIdBits: number): number => ENTRY_BYTES * 2 ** Math.min(eventIdBits, MAX_EVENTID_BITS)

/** The ITT of every valid DTE, in any RAM or none. */
export function ittRanges(memory: ReadonlyMemory, deviceTable: TableShape): GpaRange[] {
  const ranges: GpaRange[] = []
  const { ittAddr, size } = DTE.fields
  for (const { base, entries } of dteBlocks(memory, deviceTable)) {
    eachWord(memory, base, entries, nextValidDte, (_slot, lo, hi) => {
      ranges.push({ base: ittAddr.get(lo, hi) as Gpa, bytes: ittBytes(size.get(lo, hi) + 1) })
      return true
    })
  }
  return ranges
}
