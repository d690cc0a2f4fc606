import { bits, ENTRY_BYTES, HEAD_DTE, HEAD_ITE, L2_ENTRIES, layout } from '../abi/index.ts'
import type { Its } from '../its/index.ts'
import type { Gpa, GuestMemory, ReadCursor, ReadonlyMemory } from '../memory/index.ts'
import {
  dteBlocks,
  EntryClearer,
  type EntryWriter,
  type HeadKeeping,
  type HeadReader,
  type HeadWriter,
  isHead,
  isValidDte,
  putDteHead,
  putIteHead,
} from '../tables/index.ts'

/** Says, in the first CTE, that the last save wrote the heads of these tables. */
const STAMP = 0x5a5

/** The first CTE as we see it: bits that every kernel ignores and every kernel's save clears. */
const STAMPED_CTE = layout('first CTE', 'reserved bits of a CTE of ABI revision 0', {
  stamp: bits(62, 52, '0x5a5: the tables have heads.'),
})
const { stamp } = STAMPED_CTE.fields
const STAMP_BITS = stamp.putHi(0x7ff)

/**
 * The proposal's heads with its defects gone: the same entry, one for each table that needs one: at index 0 of a flat device
 * table, of every second-level page and of every ITT whose entry 0 is not live. It counts from its own index, is read at index 0
 * only, and only when the last save wrote it: that save stamps the first CTE. Devices that share an ITT lose events by it, as by the
 * proposal's: the ITT of a device without events is cleared.
 */
export const stampedHeads: HeadKeeping = {
  writer: (its, entries) => new StampedHeads(its, entries),
  reader: (memory, { collectionTable }) => (hasStamp(memory, collectionTable) ? new PlausibleHeads(memory) : undefined),
}

/** A head that cannot be written is left out. The stamp goes before the first head changes and comes back at the end. */
class StampedHeads implements HeadWriter {
  readonly #its: Its
  readonly #entries: EntryWriter
  readonly #clearer: EntryClearer

  constructor(its: Its, entries: EntryWriter) {
    this.#its = its
    this.#entries = entries
    this.#clearer = new EntryClearer(its.memory)
    if (its.collectionTable.valid) stampCte(its.memory, its.collectionTable.base, 0)
  }

  itt(base: number, bits: number, first: number): void {
    if (first < 0) this.#clearer.clear(base, 2 ** bits)
    else putIteHead(this.#entries, base, first)
  }

  gap(base: number, entries: number): void {
    this.#clearer.clear(base, entries)
  }

  deviceTable(firsts: readonly (number | undefined)[]): void {
    const { memory, deviceTable } = this.#its
    for (const { base, firstId, entries } of dteBlocks(memory, deviceTable)) {
      const first = firsts[deviceTable.indirect ? firstId / L2_ENTRIES : 0]
      if (first === undefined) this.#clearer.clear(base, entries)
      else if (first !== firstId) putDteHead(this.#entries, base, first - firstId)
    }
  }

  end(): void {
    const { memory, collectionTable } = this.#its
    if (collectionTable.valid) stampCte(memory, collectionTable.base, STAMP)
  }
}

/** True for a first CTE that says that its tables have heads. */
export const hasStampBits = (lo: number, hi: number): boolean => stamp.get(lo, hi) === STAMP

/** The first CTE with the stamp or without it; bits that are no stamp stay. */
export function stamped([lo, hi]: readonly [lo: number, hi: number], isStamped: boolean): readonly [lo: number, hi: number] {
  if (!isStamped && !hasStampBits(lo, hi)) return [lo, hi]
  return [lo, (hi & ~STAMP_BITS) | stamp.putHi(isStamped ? STAMP : 0)]
}

function hasStamp(memory: ReadonlyMemory, { valid, base }: { readonly valid: boolean; readonly base: number }): boolean {
  if (!valid || !memory.contains(base as Gpa, ENTRY_BYTES)) return false
  return hasStampBits(memory.u32(base as Gpa), memory.u32((base + 4) as Gpa))
}

/** Writes the stamp into the first CTE, 0 for none; nothing when that is not in RAM. */
function stampCte(memory: GuestMemory, base: number, value: number): void {
  if (!memory.contains(base as Gpa, ENTRY_BYTES)) return
  const hi = memory.u32((base + 4) as Gpa) & ~STAMP_BITS
  memory.setU32((base + 4) as Gpa, hi | stamp.putHi(value))
}

const { first: firstIte } = HEAD_ITE.fields

/** Believes a head that points at a valid entry of its own block or ITT. */
class PlausibleHeads implements HeadReader {
  readonly #cursor: ReadCursor

  constructor(memory: ReadonlyMemory) {
    this.#cursor = memory.cursor()
  }

  dte(base: number, entries: number): number {
    const cursor = this.#cursor
    if (!cursor.seek(base as Gpa)) return 0
    const lo = cursor.words[cursor.index]!
    const hi = cursor.words[cursor.index + 1]!
    if (isValidDte(hi) || !isHead(lo)) return 0
    const first = HEAD_DTE.fields.first.get(lo, hi)
    if (first >= entries || !cursor.seek((base + first * ENTRY_BYTES) as Gpa)) return 0
    return isValidDte(cursor.words[cursor.index + 1]!) ? first : 0
  }

  ite(lo: number, hi: number): number {
    return isHead(lo) ? firstIte.get(lo, hi) : 0
  }
}
