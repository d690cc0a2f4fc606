import { DTE, DTE_NEXT_CAP, ENTRY_BYTES } from '../abi/index.ts'
import { GPA_LIMIT, type Gpa, type LoadableMemory, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import { isValidDte } from '../tables/index.ts'
import type { IttWords } from './itt-words.ts'
import { isReadable, nonZeroWords } from './loaded-words.ts'

type Word = ReturnType<typeof DTE.encode>

const { ittAddr: ittAddrOf } = DTE.fields
const DTE_SIZE = DTE.encode({ size: 31 })
const DTE_CHAIN = DTE.encode({ next: DTE_NEXT_CAP, valid: true })
const ITT_ALIGNMENT = 256

/**
 * What kernels before 6.0.6 read behind the device table, as DTEs, where the `next` of an entry leads past its block. One whose ITT would
 * lie in RAM stays, with that ITT; of the others the address becomes another outside RAM.
 */
export class BehindTable {
  readonly #blank: LoadableMemory
  readonly #memory: ReadonlyMemory
  readonly #itts: IttWords
  /** Pages that were read from their beginning on. */
  readonly #pages = new Set<Gpa>()
  /** The entries that were come to, and what stands for each. */
  readonly #entries = new Map<Gpa, Word>()

  constructor(blank: LoadableMemory, memory: ReadonlyMemory, itts: IttWords) {
    this.#blank = blank
    this.#memory = memory
    this.#itts = itts
  }

  /** Follows a kernel from where it lands, as far as RAM is loaded. */
  follow(landing: Gpa): void {
    const places = [landing]
    for (let at = places.pop(); at !== undefined; at = places.pop()) places.push(...this.#entryBehind(at))
  }

  /** Writes the entries, after the words of ITTs: some are both, and what is an entry of an ITT stays. */
  write(): void {
    for (const [at, word] of this.#entries) {
      if (!isReadable(this.#blank, at)) continue
      const [was, is] = [wordAt(this.#memory, at), wordAt(this.#blank, at)]
      if (was.lo === is.lo && was.hi === is.hi) continue
      const { lo, hi } = this.#itts.isForeign(at) ? this.#both(was, is) : word
      this.#blank.setWord(at, lo, hi)
    }
  }

  /** A word that is no entry of its ITT and a DTE behind the table: the ITT's stand-in with the DTE's size and next, where it can be. */
  #both(was: Word, standIn: Word): Word {
    const lo = (standIn.lo & ~DTE_SIZE.lo) | (was.lo & DTE_SIZE.lo)
    const hi = (standIn.hi & ~DTE_CHAIN.hi) | (was.hi & DTE_CHAIN.hi)
    const isInRam = ({ lo, hi }: Word) => this.#memory.contains(ittAddrOf.get(lo, hi) as Gpa)
    const names = ({ lo, hi }: Word) => this.#itts.namesCollection(lo, hi)
    const both = { lo, hi }
    return isInRam(both) === isInRam(was) && names(both) === names(was) ? both : was
  }

  /** Reads on from `from` to the first entry, and tells where that leads. */
  #entryBehind(from: Gpa): readonly Gpa[] {
    for (let at = from; isReadable(this.#memory, at); ) {
      const inPage = at % PAGE_BYTES
      if (this.#pages.has(at)) return []
      if (inPage === 0) this.#pages.add(at)
      for (const [, lo, hi, place] of nonZeroWords(this.#memory, at, (PAGE_BYTES - inPage) / ENTRY_BYTES)) {
        if (isValidDte(hi | 0)) return this.#entries.has(place) ? [] : this.#entry(place, lo, hi)
      }
      at = (at + PAGE_BYTES - inPage) as Gpa
    }
    return []
  }

  #entry(at: Gpa, lo: number, hi: number): readonly Gpa[] {
    const entry = DTE.decode(lo, hi)
    const isInRam = this.#memory.contains(entry.ittAddr as Gpa)
    this.#entries.set(at, isInRam ? { lo, hi } : DTE.encode({ ...entry, ittAddr: this.#outsideRam() }))
    if (isInRam) this.#itts.look(entry.ittAddr as Gpa, entry.size + 1)
    // An audit tries what happens without a word of an ITT: then the kernel reads on.
    const without = this.#itts.isForeign(at) ? [(at + ENTRY_BYTES) as Gpa] : []
    return entry.next === 0 ? without : [...without, (at + entry.next * ENTRY_BYTES) as Gpa]
  }

  #outsideRam(): Gpa {
    let at = GPA_LIMIT - ITT_ALIGNMENT
    while (this.#memory.contains(at as Gpa)) at -= ITT_ALIGNMENT
    return at as Gpa
  }
}

function wordAt(memory: ReadonlyMemory, at: Gpa): Word {
  return { lo: memory.u32(at), hi: memory.u32((at + 4) as Gpa) }
}
