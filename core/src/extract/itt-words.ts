import { FIRST_LPI, HEAD_MAGIC, ITE, LPI_LIMIT, MAX_EVENTID_BITS } from '../abi/index.ts'
import type { Gpa, LoadableMemory, ReadonlyMemory } from '../memory/index.ts'
import { isHead } from '../tables/index.ts'
import type { GuestNumbers } from './guest-numbers.ts'
import { isReadable, nonZeroWords } from './loaded-words.ts'

/** A word that no guest can have written for its ITS. */
interface Foreign {
  readonly lo: number
  readonly hi: number
  /** Its `next` leads past the end of every ITT that it lies in, or of some. */
  leaves: 'all' | 'some' | 'none'
}

/** What stands for the numbers in words that are no entries. */
export interface EntryStandIns {
  readonly lpiFor: (lpi: number) => number
  readonly icidFor: (icid: number) => number
}

const { pintid: pintidOf, icid: icidOf, next: nextOf } = ITE.fields
const NO_LPI = 1
/** Behind a device table an old kernel asks the sign of a word whether it is a DTE. */
const SIGN = 0x8000

/**
 * The proposal of 2024 asks each word for its `next`, then for its pINTID, and follows a head; other kernels begin with the pINTID, and the
 * ICID comes last. A word without pINTID that is no head is passed over.
 */
function bluntEntry({ lo, hi, leaves }: Foreign, { lpiFor, icidFor }: EntryStandIns): Parameters<typeof ITE.encode>[0] {
  const next = nextOf.get(lo, hi) | (leaves === 'all' ? SIGN - 1 : 0)
  const pintid = pintidOf.get(lo, hi)
  if (pintid >= FIRST_LPI) return { pintid: lpiFor(pintid), icid: icidFor(icidOf.get(lo, hi)), next }
  if (pintid > 0) return { pintid: NO_LPI, next }
  if (isHead(lo)) return { icid: HEAD_MAGIC, next }
  return leaves === 'none' ? {} : { next }
}

/** The words in the ITTs of one ITS: entries are copied, and of the others becomes what every kernel answers alike. */
export class IttWords {
  readonly #blank: LoadableMemory
  readonly #memory: ReadonlyMemory
  /** What the guest has named; entries that are copied add to it. */
  readonly #numbers: GuestNumbers
  readonly #foreign = new Map<Gpa, Foreign>()
  readonly #looked = new Set<string>()

  constructor(blank: LoadableMemory, memory: ReadonlyMemory, numbers: GuestNumbers) {
    this.#blank = blank
    this.#memory = memory
    this.#numbers = numbers
  }

  /** Looks at an ITT, at most at as many events as KVM has for a device, and copies its entries. */
  look(ittAddr: Gpa, eventIdBits: number): void {
    const place = `${ittAddr} ${eventIdBits}`
    if (this.#looked.has(place)) return
    this.#looked.add(place)
    for (const [eventId, lo, hi, at] of nonZeroWords(this.#memory, ittAddr, 2 ** Math.min(eventIdBits, MAX_EVENTID_BITS))) {
      if (!isReadable(this.#blank, at)) continue
      if (pintidOf.get(lo, hi) === 0 && nextOf.get(lo, hi) === 0 && !isHead(lo)) continue
      const leavesItt = eventId + nextOf.get(lo, hi) >= 2 ** eventIdBits
      if (!leavesItt && this.#isEntry(lo, hi)) this.#copy(at, lo, hi)
      else this.#keep(at, lo, hi, leavesItt)
    }
  }

  /** How many words are no entries, and have something standing for them. */
  get foreign(): number {
    return this.#foreign.size
  }

  /** True for a word that lies in an ITT and is no entry there. */
  isForeign(at: Gpa): boolean {
    return this.#foreign.has(at)
  }

  /** True for a word that names a collection of the guest's. */
  namesCollection(lo: number, hi: number): boolean {
    return this.#numbers.icids.has(icidOf.get(lo, hi))
  }

  /** Writes what stands for the words that are no entries. */
  write(standIns: EntryStandIns): void {
    for (const [at, word] of this.#foreign) this.#put(at, ITE.encode(bluntEntry(word, standIns)))
  }

  #isEntry(lo: number, hi: number): boolean {
    const pintid = pintidOf.get(lo, hi)
    return pintid >= FIRST_LPI && pintid < LPI_LIMIT && this.namesCollection(lo, hi)
  }

  #copy(at: Gpa, lo: number, hi: number): void {
    this.#put(at, { lo, hi })
    this.#foreign.delete(at)
    this.#numbers.lpis.add(pintidOf.get(lo, hi))
  }

  /** Keeps a word that is no entry here, unless it is one in another ITT. */
  #keep(at: Gpa, lo: number, hi: number, leavesItt: boolean): void {
    if ((this.#blank.u32(at) | this.#blank.u32((at + 4) as Gpa)) !== 0) return
    const known = this.#foreign.get(at)
    const leaves = leavesItt ? 'all' : 'none'
    if (known === undefined) this.#foreign.set(at, { lo, hi, leaves })
    else if (known.leaves !== leaves) known.leaves = 'some'
  }

  #put(at: Gpa, { lo, hi }: { readonly lo: number; readonly hi: number }): void {
    this.#blank.setWord(at, lo, hi)
  }
}
