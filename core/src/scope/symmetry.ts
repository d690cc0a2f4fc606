import type { Entry, EntryWords } from './entry-words.ts'
import type { Model } from './model.ts'
import type { ByteKind, RecordByte } from './record.ts'

/** One renaming: to each number the one that takes its place. */
interface Renaming {
  readonly area: readonly number[]
  readonly lpi: readonly number[]
  readonly icid: readonly number[]
  readonly vcpu: readonly number[]
}

const VALUES = 256

/**
 * Which states are the same but for names: ITT areas, LPIs, ICIDs and vCPUs may be exchanged, since no rule of KVM's tells one of them from
 * another. DeviceIDs and EventIDs may not: the scans go by them.
 */
export class Symmetry {
  readonly renamings: readonly Renaming[]
  readonly #bytes: number
  readonly #used: number
  /** Of each renaming and place: the place it comes from, and where the row of the new values begins in `#values`. */
  readonly #from: Uint8Array
  readonly #row: Int32Array
  readonly #values: Uint8Array
  readonly #best: Uint8Array

  constructor(model: Model, isOn = true) {
    const { scope, shape } = model
    const { areas, lpis, collections, vcpus } = isOn ? scope : { areas: 1, lpis: 1, collections: 1, vcpus: 1 }
    const identity = (count: number) => Array.from({ length: count }, (_, i) => i)
    const all = (count: number, whole: number) => permutations(count).map((p) => [...p, ...identity(whole).slice(count)])
    this.renamings = all(areas, scope.areas).flatMap((area) =>
      all(lpis, scope.lpis).flatMap((lpi) =>
        all(collections, scope.collections).flatMap((icid) => all(vcpus, scope.vcpus).map((vcpu) => ({ area, lpi, icid, vcpu }))),
      ),
    )
    this.#bytes = shape.bytes
    this.#used = shape.used
    const rows = new Rows(model)
    const tables: Uint8Array[] = []
    this.#from = new Uint8Array(this.renamings.length * shape.bytes)
    this.#row = new Int32Array(this.renamings.length * shape.bytes)
    for (const [g, renaming] of this.renamings.entries()) {
      const rowOf = new Map<ByteKind, number>()
      for (const [i, byte] of shape.layout.entries()) {
        if (!rowOf.has(byte.kind)) rowOf.set(byte.kind, tables.push(rows.of(byte.kind, renaming)) - 1)
        const to = i + placeShift(byte, renaming, shape.layout)
        this.#from[g * shape.bytes + to] = i
        this.#row[g * shape.bytes + to] = rowOf.get(byte.kind)! * VALUES
      }
    }
    this.#values = new Uint8Array(tables.length * VALUES)
    for (const [i, table] of tables.entries()) this.#values.set(table, i * VALUES)
    this.#best = new Uint8Array(shape.bytes)
  }

  /** The record that stands for all that are the same as this one: the least. It is this one's, or one of this object's until the next call. */
  canonical(record: Uint8Array): Uint8Array {
    const count = this.renamings.length
    if (count === 1) return record
    const best = this.#best
    best.set(record)
    const from = this.#from
    const row = this.#row
    const values = this.#values
    const used = this.#used
    for (let g = 1; g < count; g++) {
      const start = g * this.#bytes
      let i = 0
      let value = 0
      for (; i < used; i++) {
        value = values[row[start + i]! + record[from[start + i]!]!]!
        if (value !== best[i]) break
      }
      if (i === used || value > best[i]!) continue
      for (; i < used; i++) best[i] = values[row[start + i]! + record[from[start + i]!]!]!
    }
    return best
  }

  /** A record after a renaming, which is an index of `renamings`. */
  renamed(record: Uint8Array, renaming: number): Uint8Array {
    const renamed = record.slice()
    const start = renaming * this.#bytes
    for (let i = 0; i < this.#used; i++) renamed[i] = this.#values[this.#row[start + i]! + record[this.#from[start + i]!]!]!
    return renamed
  }
}

/** Where a byte goes that is of an area, an LPI or a vCPU which is renamed. */
function placeShift({ of }: RecordByte, renaming: Renaming, layout: readonly RecordByte[]): number {
  if (of === undefined) return 0
  const width = of.what === 'area' ? layout.filter((byte) => byte.of?.what === 'area' && byte.of.index === 0).length : 1
  return (renaming[of.what][of.index]! - of.index) * width
}

/** The new value of each value of a kind of byte. */
class Rows {
  readonly #model: Model

  constructor(model: Model) {
    this.#model = model
  }

  of(kind: ByteKind, renaming: Renaming): Uint8Array {
    const row = Uint8Array.from({ length: VALUES }, (_, value) => value)
    for (const [from, to] of this.#pairs(kind, renaming)) row[from] = to
    return row
  }

  #pairs(kind: ByteKind, renaming: Renaming): readonly (readonly [number, number])[] {
    switch (kind) {
      case 'collection':
        return this.#collections(renaming)
      case 'device':
        return renaming.area.map((to, from) => [from + 1, to + 1])
      case 'event':
        return this.#events(renaming)
      case 'lpi':
        return this.#lpis(renaming)
      case 'pending':
        return this.#pendingBytes(renaming)
      case 'dte':
        return entryPairs(this.#model.dtes, renaming)
      case 'ite':
        return entryPairs(this.#model.ites, renaming)
      default:
        return []
    }
  }

  #collections({ icid, vcpu }: Renaming): [number, number][] {
    const { codes } = this.#model
    const targets = [-1, ...vcpu.keys()]
    return icid.flatMap((to, from) =>
      targets.map((target): [number, number] => [
        codes.collection(from, target),
        codes.collection(to, target < 0 ? -1 : vcpu[target]!),
      ]),
    )
  }

  #events({ lpi, icid }: Renaming): [number, number][] {
    const { codes } = this.#model
    const icids = [...icid, codes.detached]
    return lpi.flatMap((to, from) =>
      icids.map((renamed, one): [number, number] => [codes.event(from, one), codes.event(to, renamed)]),
    )
  }

  #lpis({ vcpu }: Renaming): [number, number][] {
    const { codes } = this.#model
    return [false, true].flatMap((pending) =>
      [-1, ...vcpu.keys()].map((target): [number, number] => [
        codes.lpi(target, pending),
        codes.lpi(target < 0 ? -1 : vcpu[target]!, pending),
      ]),
    )
  }

  #pendingBytes({ lpi }: Renaming): [number, number][] {
    return Array.from({ length: 2 ** lpi.length }, (_, bits): [number, number] => [
      bits,
      lpi.reduce((moved, to, from) => moved | (((bits >> from) & 1) << to), 0),
    ])
  }
}

function entryPairs(words: EntryWords, renaming: Renaming): [number, number][] {
  return words.entries.flatMap((entry, code): [number, number][] =>
    entry === undefined ? [] : [[code, words.codeOf(renamedEntry(entry, renaming))]],
  )
}

function renamedEntry(entry: Entry, { area, lpi, icid }: Renaming): Entry {
  return {
    ...entry,
    ...(entry.area !== undefined && { area: area[entry.area]! }),
    ...(entry.lpi !== undefined && { lpi: lpi[entry.lpi]! }),
    ...(entry.icid !== undefined && { icid: icid[entry.icid]! }),
  }
}

function permutations(count: number): number[][] {
  if (count === 0) return [[]]
  const last = count - 1
  // The identity comes first.
  return permutations(last).flatMap((one) =>
    Array.from({ length: count }, (_, i) => [...one.slice(0, last - i), last, ...one.slice(last - i)]),
  )
}
