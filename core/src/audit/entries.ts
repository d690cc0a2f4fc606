import { CTE, DTE, HEAD_DTE, HEAD_ITE, hex, hexWord, ITE, L1E } from '../abi/index.ts'
import type { Gpa, ReadonlyMemory } from '../memory/index.ts'
import { hasStampBits } from '../seal/index.ts'
import { ifThere } from './if-there.ts'

/** `pending`: a word of a pending table. The heads are dummy heads, and the first CTE where it is about them. */
export type EntryKind = 'DTE' | 'ITE' | 'CTE' | 'L1E' | 'pending' | 'head DTE' | 'head ITE' | 'head CTE'

/** A word of a table that a finding points at, as it lies in guest RAM. */
export interface EntryView {
  readonly kind: EntryKind
  readonly at: Gpa
  readonly lo: number
  readonly hi: number
  /** `DeviceID 0x8`, `event 3`, `collection 1`. */
  readonly id: string
  /** What it is to the finding: `orphan`, `live`, `lost`. */
  readonly role: string
}

/** The word at `at`; undefined when it cannot be read. */
export function entryAt(memory: ReadonlyMemory, kind: EntryKind, at: Gpa, id: string, role: string): EntryView | undefined {
  return ifThere(() => ({ kind, at, lo: memory.u32(at), hi: memory.u32((at + 4) as Gpa), id, role }))
}

/** The decoded fields of an entry, on one line: `V=1 next=+8 ITT=0x440db000 bits=1`. */
export function entryFields({ kind, lo, hi }: Pick<EntryView, 'kind' | 'lo' | 'hi'>): string {
  switch (kind) {
    case 'DTE': {
      const { valid, next, ittAddr, size } = DTE.decode(lo, hi)
      return `V=${Number(valid)} next=${distance(next)} ITT=${hex(ittAddr)} bits=${size + 1}`
    }
    case 'ITE': {
      const { next, pintid, icid } = ITE.decode(lo, hi)
      return `next=${distance(next)} LPI ${pintid} ICID ${icid}`
    }
    case 'CTE': {
      const { valid, rdBase, icid } = CTE.decode(lo, hi)
      return `V=${Number(valid)} RDbase ${rdBase} ICID ${icid}`
    }
    case 'head CTE':
      return `${entryFields({ kind: 'CTE', lo, hi })} heads=${hasStampBits(lo, hi) ? 'ours' : 'none'}`
    case 'L1E': {
      const { valid, l2Addr } = L1E.decode(lo, hi)
      return `V=${Number(valid)} L2=${hex(l2Addr)}`
    }
    case 'head DTE':
      return `head, first=${distance(HEAD_DTE.decode(lo, hi).first)}`
    case 'head ITE':
      return `head, first=${distance(HEAD_ITE.decode(lo, hi).first)}`
    case 'pending':
      return `${setBits(lo) + setBits(hi)} of 64 LPIs pending`
  }
}

function setBits(half: number): number {
  let count = 0
  for (let bits = half; bits !== 0; bits &= bits - 1) count++
  return count
}

const distance = (next: number) => (next === 0 ? '0' : `+${next}`)

/** `0x44160040  0x80100000_0881b600  V=1 next=+8 ...`: how an entry is printed everywhere. */
export function entryLine(entry: EntryView): string {
  return `${hex(entry.at)}  ${hexWord(entry.lo, entry.hi)}  ${entry.id}  ${entryFields(entry)}`
}
