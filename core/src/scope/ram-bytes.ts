import { CTE, ENTRY_BYTES, FIRST_LPI, UNMAPPED_TARGET } from '../abi/index.ts'
import { DEVICE_BASER, type Its } from '../its/index.ts'
import type { Gpa, GuestMemory, ReadCursor, WriteCursor } from '../memory/index.ts'
import type { EntryWords } from './entry-words.ts'
import type { RecordCodes, RecordShape } from './record.ts'
import type { Scope } from './scope.ts'
import { deviceBaser, l1At, type ScopeRam, setL1Entry } from './scope-ram.ts'

/** What lies in guest RAM of a scope's VM, and which device table is in use, into the bytes of a record and back. */
export class RamBytes {
  readonly #scope: Scope
  readonly #shape: RecordShape
  readonly #codes: RecordCodes
  readonly #ram: ScopeRam
  readonly #dtes: EntryWords
  readonly #ites: EntryWords
  readonly #dteAt: readonly Gpa[]
  readonly #iteAt: readonly Gpa[]
  readonly #basers: readonly bigint[]
  readonly #memory: GuestMemory
  readonly #reader: ReadCursor
  readonly #writer: WriteCursor

  constructor(
    scope: Scope,
    {
      shape,
      codes,
      ram,
      dtes,
      ites,
      dteAt,
      iteAt,
      memory,
    }: {
      readonly shape: RecordShape
      readonly codes: RecordCodes
      readonly ram: ScopeRam
      readonly dtes: EntryWords
      readonly ites: EntryWords
      readonly dteAt: readonly Gpa[]
      readonly iteAt: readonly Gpa[]
      readonly memory: GuestMemory
    },
  ) {
    this.#scope = scope
    this.#shape = shape
    this.#codes = codes
    this.#ram = ram
    this.#dtes = dtes
    this.#ites = ites
    this.#dteAt = dteAt
    this.#iteAt = iteAt
    this.#basers = ram.deviceTables.map((_, table) => deviceBaser(ram, table))
    this.#memory = memory
    this.#reader = memory.cursor()
    this.#writer = memory.writeCursor()
  }

  /** Writes what lies in RAM into a record. `now` is what lay there before: most of it still does. */
  read(its: Its, now: Uint8Array, record: Uint8Array): void {
    const { dtes, ites, table } = this.#shape
    this.#readEntries(this.#dtes, this.#dteAt, dtes, now, record)
    this.#readEntries(this.#ites, this.#iteAt, ites, now, record)
    if (table >= 0) record[table] = this.#basers.indexOf(its.baser(DEVICE_BASER))
    this.#readOthers(now, record)
  }

  #readEntries(words: EntryWords, places: readonly Gpa[], from: number, now: Uint8Array, record: Uint8Array): void {
    const cursor = this.#reader
    for (let i = 0; i < places.length; i++) {
      cursor.seek(places[i]!)
      const { index } = cursor
      const lo = cursor.words[index]!
      const hi = cursor.words[index + 1]!
      const was = now[from + i]!
      record[from + i] = words.lo[was] === lo && words.hi[was] === hi ? was : words.code(lo, hi)
    }
  }

  #readOthers(now: Uint8Array, record: Uint8Array): void {
    const { pending, firstLevel, ctes, kernel } = this.#shape
    if (kernel >= 0) record[kernel] = now[kernel]!
    if (pending >= 0) {
      for (const [vcpu, base] of this.#ram.pending.entries())
        record[pending + vcpu] = this.#memory.u8((base + FIRST_LPI / 8) as Gpa)
    }
    if (firstLevel >= 0) {
      let valid = 0
      for (const page of this.#ram.pages.keys())
        if (this.#memory.u32((l1At(this.#ram, page) + 4) as Gpa) !== 0) valid |= 1 << page
      record[firstLevel] = valid
    }
    if (ctes >= 0) this.#readCtes(ctes, record)
  }

  /** What lies behind the entry that ends the list is read by nobody, and is nothing here. */
  #readCtes(from: number, record: Uint8Array): void {
    const { icid, rdBase } = CTE.fields
    let isListed = true
    for (let i = 0; i < this.#scope.collections; i++) {
      const at = (this.#ram.collectionTable + i * ENTRY_BYTES) as Gpa
      const [lo, hi] = [this.#memory.u32(at), this.#memory.u32((at + 4) as Gpa)]
      isListed &&= hi >>> 31 === 1
      const target = rdBase.get(lo, hi)
      record[from + i] = isListed ? this.#codes.collection(icid.get(lo, hi), target === UNMAPPED_TARGET ? -1 : target) : 0
    }
  }

  /** Makes RAM that holds what `now` says hold what `next` says. */
  bring(its: Its, now: Uint8Array, next: Uint8Array): void {
    const { dtes, ites, table } = this.#shape
    this.#bringEntries(this.#dtes, this.#dteAt, dtes, now, next)
    this.#bringEntries(this.#ites, this.#iteAt, ites, now, next)
    if (table >= 0) {
      const baser = this.#basers[next[table]!]!
      if (its.baser(DEVICE_BASER) !== baser) its.setBaser(DEVICE_BASER, baser)
    }
    this.#bringOthers(now, next)
  }

  #bringEntries(words: EntryWords, places: readonly Gpa[], from: number, now: Uint8Array, next: Uint8Array): void {
    const cursor = this.#writer
    for (let i = 0; i < places.length; i++) {
      const code = next[from + i]!
      if (code === now[from + i]) continue
      cursor.seekForWrite(places[i]!)
      cursor.words[cursor.index] = words.lo[code]!
      cursor.words[cursor.index + 1] = words.hi[code]!
    }
  }

  #bringOthers(now: Uint8Array, next: Uint8Array): void {
    const { firstLevel, ctes } = this.#shape
    if (this.#shape.pending >= 0) this.bringPending(next)
    if (firstLevel >= 0 && now[firstLevel] !== next[firstLevel]) {
      for (const page of this.#ram.pages.keys())
        setL1Entry(this.#memory, this.#ram, page, ((next[firstLevel]! >> page) & 1) === 1)
    }
    if (ctes < 0) return
    for (let i = 0; i < this.#scope.collections; i++) {
      const code = next[ctes + i]!
      if (code === now[ctes + i]) continue
      const { lo, hi } = this.#cte(code)
      this.#memory.setWord((this.#ram.collectionTable + i * ENTRY_BYTES) as Gpa, lo, hi)
    }
  }

  /** Makes RAM what it is where histories begin, whatever lies there: GITS_BASER0 is not touched. */
  clear(): void {
    for (const at of [...this.#dteAt, ...this.#iteAt]) this.#memory.setWord(at, 0, 0)
    this.#memory.fill(this.#ram.collectionTable, (this.#scope.collections + 1) * ENTRY_BYTES)
    for (const base of this.#ram.pending) this.#memory.setU8((base + FIRST_LPI / 8) as Gpa, 0)
    if (this.#shape.firstLevel >= 0) for (const page of this.#ram.pages.keys()) setL1Entry(this.#memory, this.#ram, page, false)
  }

  /** The pending bits of a record, whatever lies there: a restore takes them away. */
  bringPending(next: Uint8Array): void {
    const { pending } = this.#shape
    for (const [vcpu, base] of this.#ram.pending.entries())
      this.#memory.setU8((base + FIRST_LPI / 8) as Gpa, next[pending + vcpu]!)
  }

  #cte(code: number): { readonly lo: number; readonly hi: number } {
    if (code === 0) return { lo: 0, hi: 0 }
    const target = this.#codes.targetOf(code)
    return CTE.encode({ valid: true, icid: this.#codes.icidOf(code), rdBase: target < 0 ? UNMAPPED_TARGET : target })
  }
}
