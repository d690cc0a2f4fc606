import type { EntryKind, Evidence, ProblemCode, WordWrite } from '../audit/index.ts'
import type { Gpa, GuestMemory, ReadonlyMemory } from '../memory/index.ts'

/** The two halves of a table entry. */
export type Word = readonly [lo: number, hi: number]

/** What a place of a table holds that no entry stands in. */
export const CLEARED: Word = [0, 0]

/** The problem that asks for a change; or the caller: all anew from the queue, chains that kernels before 6.0.6 can follow, or dummy heads. */
export type Cause = ProblemCode | 'rebuild' | 'seal' | 'heads'

/**
 * Which sentence the reason for a change is: what one cause says in the same one differs in names and numbers only. `finding` is the
 * sentence of the problem itself.
 */
export type Because =
  | 'finding'
  | 'last of its chain'
  | 'next in its chain'
  | 'jump leaves its page'
  | 'collection'
  | 'end of the list'
  | 'MAPD'
  | 'MAPTI'
  | 'not mapped'
  | 'head written'
  | 'head taken away'
  | 'stamp of heads'

/** Why a word is changed, and what it is. */
export interface Reason {
  /** What asks for it. */
  readonly code: Cause
  readonly kind: EntryKind
  /** `DeviceID 0x8`, `event 3 of DeviceID 0x300`, `collection 1`. */
  readonly id: string
  /** The device whose entry it is; of a collection there is none. */
  readonly deviceId?: number
  readonly because: Because
  readonly why: string
  /** A witness or the bits themselves say so. */
  readonly proven: boolean
  readonly evidence?: readonly Evidence[]
}

/** One word that a repair changes. */
export interface PlannedWrite extends WordWrite, Reason {
  /** Index of the ITS whose tables it belongs to. */
  readonly its: number
}

/** Guest RAM as a repair would leave it. The memory it is made from is not changed, and must not be while this is in use. */
export class Overlay {
  /** Calls of `put` that changed something. */
  changes = 0
  /** The ITS whose tables are under repair. */
  its = 0
  readonly #before: ReadonlyMemory
  #memory: GuestMemory
  readonly #writes = new Map<Gpa, PlannedWrite>()

  constructor(before: ReadonlyMemory) {
    this.#before = before
    this.#memory = before.fork()
  }

  /** As it stands now. */
  get memory(): ReadonlyMemory {
    return this.#memory
  }

  /** The word at `at` as it stands now. */
  word(at: Gpa): Word {
    return [this.#memory.u32(at), this.#memory.u32((at + 4) as Gpa)]
  }

  /** Changes a word; false when it holds that already. */
  put(at: Gpa, to: Word, reason: Reason): boolean {
    const now = this.word(at)
    if (same(now, to)) return false
    this.changes++
    this.#memory.setWord(at, to[0], to[1])
    const from = this.#writes.get(at)?.from ?? now
    if (same(from, to)) this.#writes.delete(at)
    else this.#writes.set(at, { at, from, to: [to[0] >>> 0, to[1] >>> 0], ...reason, its: this.its })
    return true
  }

  /** Guest RAM as it stands now, which later changes leave as it is. */
  freeze(): ReadonlyMemory {
    const frozen = this.#memory
    this.#memory = frozen.fork()
    return frozen
  }

  /** A copy of guest RAM with the words changed; its dirty pages are those that hold them. */
  result(): GuestMemory {
    const memory = this.#before.fork()
    for (const { at, to } of this.writes) memory.setWord(at, to[0], to[1])
    return memory
  }

  /** Every word that differs from the memory this was made from, in address order. */
  get writes(): PlannedWrite[] {
    return [...this.#writes.values()].sort((a, b) => a.at - b.at)
  }
}

const same = (a: Word, b: Word): boolean => a[0] >>> 0 === b[0] >>> 0 && a[1] >>> 0 === b[1] >>> 0
