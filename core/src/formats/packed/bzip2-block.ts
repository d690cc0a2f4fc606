import type { BitsForward } from './bits-forward.ts'
import { type Bzip2Code, bzip2Code, bzip2Symbol } from './bzip2-codes.ts'
import { Damaged } from './decoder.ts'
import type { History } from './history.ts'

/** Symbols that one of the codes is used for before the next selector says which. */
const GROUP = 50
const LONGEST_CODE = 20
/** Runs of this symbol and the one behind it count in binary of a sort. */
const RUN_B = 1
/** The longest run of one byte, and its length. */
const RUN = { bytes: 4, more: 255 } as const
export const LONGEST_RUN = RUN.bytes + RUN.more

/** A block in the order of its sorted rotations. */
export interface SortedBlock {
  /** For each place the byte there, and 256 times the place of the next one. */
  readonly links: Uint32Array
  readonly bytes: number
  /** The place of the first byte. */
  readonly first: number
}

/**
 * Reads what follows the checksum of a block, and undoes its Huffman codes, its move to front and its sorting. `links` has
 * room for the largest block of the stream.
 *
 * @throws Damaged. Source: bzip2 1.0.8, decompress.c (the format has no other description by its author).
 */
export function readBlock(bits: BitsForward, links: Uint32Array): SortedBlock {
  if (bits.take(1) === 1) throw new Damaged('a randomised block, as bzip2 has not made any since 1999')
  const origin = bits.take(24)
  const used = usedBytes(bits)
  const [codeCount, selectorCount] = [bits.take(3), bits.take(15)]
  if (codeCount < 2 || codeCount > 6 || selectorCount === 0) throw new Damaged('a block without its codes')
  const selectors = readSelectors(bits, codeCount, selectorCount)
  const codes = Array.from({ length: codeCount }, () => readCode(bits, used.length + 2))
  const bytes = readSymbols(bits, { used, selectors, codes }, links)
  if (origin >= bytes) throw new Damaged('a block that begins behind its end')
  return { links, bytes, first: linked(links, bytes, origin) }
}

/** The bytes that occur, in order: which of 16 groups have any, and of each such which. */
function usedBytes(bits: BitsForward): number[] {
  const groups = bits.take(16)
  const used: number[] = []
  for (let group = 0; group < 16; group++) {
    if (((groups >>> (15 - group)) & 1) === 0) continue
    const own = bits.take(16)
    for (let i = 0; i < 16; i++) if (((own >>> (15 - i)) & 1) === 1) used.push(group * 16 + i)
  }
  if (used.length === 0) throw new Damaged('a block of no bytes')
  return used
}

function readSelectors(bits: BitsForward, codes: number, count: number): Uint8Array {
  const recent = Array.from({ length: codes }, (_, i) => i)
  const selectors = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    let back = 0
    while (bits.take(1) === 1) if (++back >= codes) throw new Damaged('a code that there is not')
    const [code] = recent.splice(back, 1)
    recent.unshift(code!)
    selectors[i] = code!
    bits.check()
  }
  return selectors
}

/** Each length differs from the one before it by single steps. */
function readCode(bits: BitsForward, symbols: number): Bzip2Code {
  const lengths = new Uint8Array(symbols)
  let length = bits.take(5)
  for (let symbol = 0; symbol < symbols; symbol++) {
    for (;;) {
      if (length < 1 || length > LONGEST_CODE) throw new Damaged('a code of another length than 1 to 20')
      if (bits.take(1) === 0) break
      length += bits.take(1) === 0 ? 1 : -1
      bits.check()
    }
    lengths[symbol] = length
  }
  return bzip2Code(lengths)
}

interface Symbols {
  /** The bytes that occur: in the beginning the order of what was last used. */
  readonly used: readonly number[]
  readonly selectors: Uint8Array
  readonly codes: readonly Bzip2Code[]
}

/** The bytes of the block in their sorted order; answers how many there are. */
function readSymbols(bits: BitsForward, { used, selectors, codes }: Symbols, links: Uint32Array): number {
  const recent = Uint8Array.from(used)
  const endOfBlock = used.length + 1
  let [count, run, weight] = [0, 0, 1]
  for (const selector of selectors) {
    const code = codes[selector]!
    for (let left = GROUP; left > 0; left--) {
      const symbol = bzip2Symbol(bits, code)
      if (symbol <= RUN_B) {
        run += weight << symbol
        weight *= 2
        if (count + run > links.length) throw tooLong()
        continue
      }
      if (run > 0) {
        links.fill(recent[0]!, count, count + run)
        count += run
        ;[run, weight] = [0, 1]
      }
      if (symbol === endOfBlock) {
        bits.check()
        return count
      }
      if (count === links.length) throw tooLong()
      const byte = recent[symbol - 1]!
      recent.copyWithin(1, 0, symbol - 1)
      recent[0] = byte
      links[count++] = byte
    }
    bits.check()
  }
  throw new Damaged('a block that does not end')
}

const tooLong = () => new Damaged('a block longer than the stream says')

/** Links the sorted bytes: the nth byte of a kind comes before what the nth rotation that begins with it begins with. */
function linked(links: Uint32Array, bytes: number, origin: number): number {
  const next = new Uint32Array(256)
  for (let i = 0; i < bytes; i++) next[links[i]!]!++
  let sum = 0
  for (let byte = 0; byte < 256; byte++) {
    const count = next[byte]!
    next[byte] = sum
    sum += count
  }
  for (let i = 0; i < bytes; i++) {
    const at = next[links[i]! & 0xff]!++
    links[at]! |= i << 8
  }
  return links[origin]! >>> 8
}

/** Follows the links of a block, and spreads the runs that its bytes tell of: four of one byte are followed by how many more there are. */
export class BlockOutput {
  readonly #block: SortedBlock
  #place: number
  #left: number
  #last = -1
  #run = 0

  constructor(block: SortedBlock) {
    this.#block = block
    this.#place = block.first
    this.#left = block.bytes
  }

  get isDone(): boolean {
    return this.#left === 0
  }

  /** Puts about `most` bytes into the history, a run more at most; it has room for them. */
  run(history: History, most: number): void {
    const { links } = this.#block
    const into = history.bytes
    const first = history.at
    const limit = first + most
    let [at, place, left, last, run] = [first, this.#place, this.#left, this.#last, this.#run]
    while (left > 0 && at < limit) {
      const link = links[place]!
      place = link >>> 8
      left--
      const byte = link & 0xff
      if (run === RUN.bytes) {
        into.fill(last, at, at + byte)
        at += byte
        run = 0
        last = -1
        continue
      }
      run = byte === last ? run + 1 : 1
      last = byte
      into[at++] = byte
    }
    history.advance(at - first)
    this.#place = place
    this.#left = left
    this.#last = last
    this.#run = run
  }
}
