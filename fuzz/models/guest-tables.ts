import {
  COMMAND_BYTES,
  CTE,
  DTE,
  ENTRY_BYTES,
  type Field,
  GICR_PENDBASER,
  GICR_PROPBASER,
  type Halves,
  ITE,
  L1E,
  L2_ENTRIES,
  type Layout,
  queueShape,
  tableShape,
} from '@vits/core/abi'
import { type CaseHeader, type CaseModel, tableAt, word } from './case.ts'

/** Where the words of one kind lie that a guest wrote. */
export interface TablePlaces {
  readonly layout: Layout<Readonly<Record<string, Field>>>
  readonly at: readonly number[]
}

/** The places in guest RAM of a case that are told to the ITS, those that hold something and some beside them. */
export interface GuestTables {
  readonly tables: readonly TablePlaces[]
  /** First bytes of commands. */
  readonly commands: readonly number[]
  /** Bytes of the tables of LPIs. */
  readonly lpiBytes: readonly number[]
}

const MOST = 4096
const isZero = ({ lo, hi }: Halves) => lo === 0 && hi === 0

/** The tables of the guest in a case that is sound. */
export function guestTables(model: CaseModel): GuestTables {
  const { registers } = model.header
  const tables = registers.itses.flatMap((its) => tablesOf(model, its))
  return {
    tables: tables.filter(({ at }) => at.length > 0),
    commands: registers.itses.flatMap(({ cbaser }) => held(model, queueShape(BigInt(cbaser)), COMMAND_BYTES)),
    lpiBytes: registers.redistributors.flatMap(({ propbaser, pendbaser }) => {
      const configuration = GICR_PROPBASER.unpack(BigInt(propbaser)).address
      const pending = GICR_PENDBASER.unpack(BigInt(pendbaser)).address
      return [configuration, pending + 1024].flatMap((base) => Array.from({ length: 64 }, (_, i) => base + i))
    }),
  }
}

function tablesOf(model: CaseModel, { baser }: CaseHeader['registers']['itses'][number]): TablePlaces[] {
  return baser.flatMap((value) => {
    const { base, indirect, type } = tableAt(value)
    const words = used(model, base, tableShape(BigInt(value)).bytes / ENTRY_BYTES)
    if (type === 4) return [{ layout: CTE, at: words }]
    if (type !== 1) return []
    if (!indirect) return [{ layout: DTE, at: words }, ...ittsOf(model, words)]
    const pages = words.flatMap((at) => {
      const { lo, hi } = word(model, at)!
      const { l2Addr, valid } = L1E.decode(lo, hi)
      return valid ? used(model, l2Addr, L2_ENTRIES) : []
    })
    return [{ layout: L1E, at: words }, { layout: DTE, at: pages }, ...ittsOf(model, pages)]
  })
}

function ittsOf(model: CaseModel, devices: readonly number[]): TablePlaces[] {
  const at = devices.flatMap((device) => {
    const { lo, hi } = word(model, device)!
    const { ittAddr, size, valid } = DTE.decode(lo, hi)
    return valid ? used(model, ittAddr, Math.min(2 ** (size + 1), 4096)) : []
  })
  return [{ layout: ITE, at: at.slice(0, MOST) }]
}

/** The entries that hold something, each with the one behind it, and a few at the beginning. */
function used(model: CaseModel, base: number, entries: number): number[] {
  const found = new Set<number>()
  for (let i = 0; i < entries && found.size < MOST; i++) {
    const at = base + i * ENTRY_BYTES
    const value = word(model, at)
    if (value === undefined) {
      i += (4096 - (at % 4096)) / ENTRY_BYTES - 1
      continue
    }
    if (i < 2 || !isZero(value)) found.add(at)
    if (!isZero(value) && i + 1 < entries && word(model, at + ENTRY_BYTES) !== undefined) found.add(at + ENTRY_BYTES)
  }
  return [...found]
}

/** The steps of a ring that the case holds and that are not blank, and the first that are. */
function held(model: CaseModel, { base, bytes }: { readonly base: number; readonly bytes: number }, step: number): number[] {
  const found: number[] = []
  let blank = 0
  for (let at = base; at < base + bytes && found.length < MOST && blank < 8; at += step) {
    const value = word(model, at)
    if (value === undefined) break
    if (isZero(value)) blank++
    found.push(at)
  }
  return found
}
