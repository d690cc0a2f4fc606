import { HEAD_DTE, HEAD_ITE, HEAD_MAGIC } from '../abi/index.ts'
import type { Its } from '../its/index.ts'
import { KvmError, type ReadonlyMemory } from '../memory/index.ts'
import type { EntryWriter } from './entry-writer.ts'
import type { TableView } from './table-view.ts'

/** Writes the heads of tables while a save is under way; made before its first entry is written. */
export interface HeadWriter {
  /** The events of an ITT of 2^bits entries are saved, and its entry 0 is not live; `first` is -1 when no entry is. */
  itt(base: number, bits: number, first: number): void
  /** A DTE's `next` is cut to its cap: what lies between the entry it names, at `base`, and the next live one. */
  gap(base: number, entries: number): void
  /** All DTEs are saved: the first DeviceID of each second-level page, or of the flat table. */
  deviceTable(firsts: readonly (number | undefined)[]): void
  /** The collections are saved too. */
  end(): void
}

/** Where the scans of a restore begin: an index, 0 when nothing is known. */
export interface HeadReader {
  dte(base: number, entries: number): number
  /** What entry 0 of an ITT, which is not valid, says. It is believed when a valid entry of the ITT is there. */
  ite(lo: number, hi: number): number
}

/** A way to keep heads that no kernel has. */
export interface HeadKeeping {
  writer(its: Its, entries: EntryWriter): HeadWriter
  /** Undefined when the last save of these tables wrote no heads. */
  reader(memory: ReadonlyMemory, view: TableView): HeadReader | undefined
}

/** How the heads of tables are kept: not at all, as the proposal of November 2024 posted it, or in another way. */
export type Heads = 'none' | 'proposed' | HeadKeeping

/** True for the low word of a head, of a table or of an ITT, when the entry is not valid. */
export const isHead = (lo: number): boolean => (lo & 0xffff) === HEAD_MAGIC

/** Writes a head into entry 0 of an ITT; nothing when that is not in RAM. */
export function putIteHead(entries: EntryWriter, base: number, first: number): void {
  const { magic, first: firstField } = HEAD_ITE.fields
  entries.putAt(base, magic.putLo(HEAD_MAGIC), firstField.putHi(first))
}

/** Writes a head into a DTE; nothing when that is not in RAM. */
export function putDteHead(entries: EntryWriter, at: number, first: number): void {
  const { magic, first: firstField } = HEAD_DTE.fields
  entries.putAt(at, magic.putLo(HEAD_MAGIC) | firstField.putLo(first), firstField.putHi(first))
}

/** Heads as the proposal writes them: in every ITT, empty or not, and one for the whole device table, where DeviceID 0 belongs. */
export class ProposedHeads implements HeadWriter {
  readonly #its: Its
  readonly #entries: EntryWriter

  constructor(its: Its, entries: EntryWriter) {
    this.#its = its
    this.#entries = entries
  }

  itt(base: number, _bits: number, first: number): void {
    putIteHead(this.#entries, base, Math.max(first, 0))
  }

  gap(): void {}

  deviceTable(): void {
    const { devices } = this.#its
    const first = devices.first()
    const deviceId = first < 0 ? 0 : devices.deviceId[first]!
    if (first >= 0 && deviceId === 0) return
    const at = this.#its.dteAt(0)
    if (at < 0)
      throw new KvmError('EINVAL', 'DeviceID 0, the place of the dummy head, cannot be stored', { what: 'DTE', deviceId: 0 })
    putDteHead(this.#entries, at, deviceId)
  }

  end(): void {}
}
