import { FseEncoder } from './fse-encoder.ts'
import { Xxh64 } from './xxh64.ts'
import { ZstdBits } from './zstd-bits.ts'
import { literalLengths, matchLengths, sequenceCodes } from './zstd-codes.ts'
import { LARGEST_BLOCK } from './zstd-state.ts'

/** So much is looked back in; it is what the window descriptor says. */
const WINDOW = 2 ** 20
const WINDOW_DESCRIPTOR = 10 << 3
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd]
const HAS_CHECKSUM = 4
const BLOCK = { raw: 0, rle: 1, compressed: 2 } as const

/** Shorter repetitions cost more than they save. */
const LEAST_MATCH = 4
const HASH_BITS = 16

/**
 * Compresses with zstd: one frame with a checksum of its contents. Repetitions within the window are found by a hash of four bytes; they
 * are written in the codes that RFC 8878 predefines, and everything else as it is. That is quick, and about as small as lz4.
 *
 * Source: RFC 8878, 3.1.1.
 */
export async function* zstdFrame(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield Uint8Array.of(...MAGIC, HAS_CHECKSUM, WINDOW_DESCRIPTOR)
  const hash = new Xxh64()
  const window = new Uint8Array(WINDOW)
  const repeats = new Repeats(window)
  let filled = 0
  for await (const piece of pieces) {
    hash.add(piece)
    for (let at = 0; at < piece.length; ) {
      const taken = Math.min(WINDOW - filled, piece.length - at)
      window.set(piece.subarray(at, at + taken), filled)
      filled += taken
      at += taken
      if (filled < WINDOW) continue
      yield* blocksOf(window, filled, repeats)
      filled = 0
    }
  }
  yield* blocksOf(window, filled, repeats)
  yield Uint8Array.of(...blockHeader(BLOCK.raw, 0, true), ...little(hash.low(), 4))
}

/** What is in the window, which looks back no farther than its beginning. */
function* blocksOf(window: Uint8Array, filled: number, repeats: Repeats): Generator<Uint8Array> {
  repeats.forget()
  for (let start = 0; start < filled; start += LARGEST_BLOCK) {
    const end = Math.min(filled, start + LARGEST_BLOCK)
    const content = window.subarray(start, end)
    if (content.every((byte) => byte === content[0])) {
      yield Uint8Array.of(...blockHeader(BLOCK.rle, content.length), content[0]!)
      continue
    }
    const packed = packedBlock(content, repeats.in(start, end))
    const [type, bytes] =
      packed.length < content.length ? ([BLOCK.compressed, packed] as const) : ([BLOCK.raw, content.slice()] as const)
    yield Uint8Array.from(blockHeader(type, bytes.length))
    yield bytes
  }
}

const little = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 0xff)

const blockHeader = (type: number, bytes: number, isLast = false): number[] =>
  little((bytes << 3) | (type << 1) | Number(isLast), 3)

/** So many bytes as they are, and then so many as lie `distance` back. */
interface Sequence {
  readonly literals: number
  readonly match: number
  readonly distance: number
}

/** Finds what is repeated in a window. */
class Repeats {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  /** Where four bytes with this hash were last. */
  readonly #last = new Int32Array(1 << HASH_BITS)

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  forget(): void {
    this.#last.fill(-1)
  }

  /** Sequences from `start` on; what is behind the last of them up to `end` is repeated nowhere. */
  in(start: number, end: number): Sequence[] {
    const found: Sequence[] = []
    let from = start
    for (let at = start; at + LEAST_MATCH <= end; ) {
      const word = this.#view.getUint32(at, true)
      const slot = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS)
      const before = this.#last[slot]!
      this.#last[slot] = at
      if (before < 0 || this.#view.getUint32(before, true) !== word) {
        // What has not been repeated for long is looked at ever less closely.
        at += 1 + ((at - from) >> 6)
        continue
      }
      const match = this.#length(before, at, end)
      found.push({ literals: at - from, match, distance: at - before })
      at += match
      from = at
    }
    return found
  }

  #length(before: number, at: number, end: number): number {
    let length = LEAST_MATCH
    while (at + length < end && this.#bytes[before + length] === this.#bytes[at + length]) length++
    return length
  }
}

function packedBlock(content: Uint8Array, sequences: readonly Sequence[]): Uint8Array {
  const literals = new Uint8Array(content.length)
  let [at, kept] = [0, 0]
  for (const { literals: count, match } of sequences) {
    literals.set(content.subarray(at, at + count), kept)
    kept += count
    at += count + match
  }
  literals.set(content.subarray(at), kept)
  kept += content.length - at
  const head = [...literalsHeader(kept)]
  const tail = sequences.length === 0 ? Uint8Array.of(0) : sequencesSection(sequences)
  const packed = new Uint8Array(head.length + kept + tail.length)
  packed.set(head)
  packed.set(literals.subarray(0, kept), head.length)
  packed.set(tail, head.length + kept)
  return packed
}

/** Raw literals: their number in 5, 12 or 20 bits. */
function literalsHeader(count: number): number[] {
  if (count < 2 ** 5) return [count << 3]
  return count < 2 ** 12 ? little((count << 4) | 4, 2) : little((count << 4) | 12, 3)
}

function countHeader(count: number): number[] {
  if (count < 128) return [count]
  return count < 0x7f00 ? [(count >> 8) + 128, count & 0xff] : [255, ...little(count - 0x7f00, 2)]
}

const encoders = sequenceCodes.map(({ predefined }) => new FseEncoder(predefined)) as [FseEncoder, FseEncoder, FseEncoder]

/** The code of a length, the largest whose least value is not above it. */
function codeOf(length: number, bases: Uint32Array): number {
  let [low, high] = [0, bases.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (bases[middle]! <= length) low = middle
    else high = middle - 1
  }
  return low
}

/** Offsets 1 to 3 mean distances that were used before, which this makes no use of. */
const USED_BEFORE = 3

/** Bits are read from the last one backwards: so the last sequence is written first, and of each what is read last. */
function sequencesSection(sequences: readonly Sequence[]): Uint8Array {
  const [literalCode, offsetCode, matchCode] = encoders
  const bits = new ZstdBits()
  let states: [number, number, number] | undefined
  for (const { literals, match, distance } of [...sequences].reverse()) {
    const [literal, matched] = [codeOf(literals, literalLengths.bases), codeOf(match, matchLengths.bases)]
    const offset = 31 - Math.clz32(distance + USED_BEFORE)
    if (states === undefined) states = [literalCode.last(literal), offsetCode.last(offset), matchCode.last(matched)]
    else {
      const [literalState, offsetState, matchState] = states
      const offsetBefore = offsetCode.before(offset, offsetState, bits)
      const matchBefore = matchCode.before(matched, matchState, bits)
      states = [literalCode.before(literal, literalState, bits), offsetBefore, matchBefore]
    }
    bits.add(literals - literalLengths.bases[literal]!, literalLengths.widths[literal]!)
    bits.add(match - matchLengths.bases[matched]!, matchLengths.widths[matched]!)
    bits.add(distance + USED_BEFORE - 2 ** offset, offset)
  }
  const [literalState, offsetState, matchState] = states!
  bits.add(matchState, matchCode.bits)
  bits.add(offsetState, offsetCode.bits)
  bits.add(literalState, literalCode.bits)
  // All three codes are predefined.
  return Uint8Array.from([...countHeader(sequences.length), 0, ...bits.ended()])
}
