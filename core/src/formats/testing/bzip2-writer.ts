import { bzip2Crc } from '../packed/bzip2-crc.ts'
import { joinedBytes } from './packed-files.ts'

export interface Bzip2Parts {
  readonly level?: number
  readonly isRandomised?: boolean
  /** Instead of the place of the first byte. */
  readonly origin?: number
}

/** Bits, the highest of each byte first. */
class BitWriter {
  readonly #bits: number[] = []

  put(value: number, width: number): void {
    for (let bit = width - 1; bit >= 0; bit--) this.#bits.push(Math.floor(value / 2 ** bit) & 1)
  }

  done(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.#bits.length / 8))
    this.#bits.forEach((bit, i) => {
      bytes[i >> 3]! |= bit << (7 - (i & 7))
    })
    return bytes
  }
}

/** A bzip2 file of one stream, all symbols of which have codes of one length: a good one, and not a small one. */
export function writeBzip2(contents: Uint8Array, parts: Bzip2Parts = {}): Uint8Array {
  const { level = 1 } = parts
  const bits = new BitWriter()
  let sum = 0
  for (let at = 0; at < contents.length; ) {
    // Runs make no block longer than this, and four of a kind are five bytes.
    const piece = contents.subarray(at, at + level * 79_000)
    const crc = bzip2Crc(piece)
    sum = (((sum << 1) | (sum >>> 31)) ^ crc) >>> 0
    writeBlock(bits, piece, crc, parts)
    at += piece.length
  }
  bits.put(0x177245385090, 48)
  bits.put(sum, 32)
  return joinedBytes(Uint8Array.of(0x42, 0x5a, 0x68, 0x30 + level), bits.done())
}

function writeBlock(bits: BitWriter, piece: Uint8Array, crc: number, { isRandomised = false, origin }: Bzip2Parts): void {
  const bytes = withRuns(piece)
  const sorted = rotations(bytes)
  const used = [...new Set(bytes)].sort((a, b) => a - b)
  const symbols = movedToFront(
    sorted.map((at) => bytes[(at + bytes.length - 1) % bytes.length]!),
    used,
  )
  const width = Math.ceil(Math.log2(used.length + 2))
  bits.put(0x314159265359, 48)
  bits.put(crc, 32)
  bits.put(isRandomised ? 1 : 0, 1)
  bits.put(origin ?? sorted.indexOf(0), 24)
  const groups = Array.from({ length: 16 }, (_, group) => used.filter((byte) => byte >> 4 === group))
  for (const group of groups) bits.put(group.length > 0 ? 1 : 0, 1)
  for (const group of groups)
    if (group.length > 0) for (let i = 0; i < 16; i++) bits.put(group.some((byte) => (byte & 15) === i) ? 1 : 0, 1)
  const selectors = Math.ceil(symbols.length / 50)
  bits.put(2, 3)
  bits.put(selectors, 15)
  // Both codes by turns: the one that was not used last is one place back.
  for (let i = 0; i < selectors; i++) bits.put(i === 0 ? 0 : 0b10, i === 0 ? 1 : 2)
  for (let code = 0; code < 2; code++) {
    bits.put(width, 5)
    for (let symbol = 0; symbol < used.length + 2; symbol++) bits.put(0, 1)
  }
  for (const symbol of symbols) bits.put(symbol, width)
}

/** Four of one byte, and then how many more. */
function withRuns(piece: Uint8Array): Uint8Array {
  const bytes: number[] = []
  for (let at = 0; at < piece.length; ) {
    let run = 1
    while (run < 259 && piece[at + run] === piece[at]) run++
    for (let i = 0; i < Math.min(run, 4); i++) bytes.push(piece[at]!)
    if (run >= 4) bytes.push(run - 4)
    at += run
  }
  return Uint8Array.from(bytes)
}

/** Where the rotations begin, in their order; the order of twice as many bytes comes from that of as many. */
function rotations(bytes: Uint8Array): number[] {
  const { length } = bytes
  let ranks = Int32Array.from(bytes)
  const order = Array.from({ length }, (_, i) => i)
  for (let known = 1; ; known *= 2) {
    const before = ranks
    const second = (at: number) => before[(at + known) % length]!
    order.sort((a, b) => before[a]! - before[b]! || second(a) - second(b))
    ranks = new Int32Array(length)
    order.forEach((at, i) => {
      const last = order[i - 1]
      ranks[at] = last === undefined ? 0 : before[at] === before[last] && second(at) === second(last) ? ranks[last]! : i
    })
    if (known >= length || order.every((at, i) => ranks[at] === i)) return order
  }
}

function movedToFront(sorted: readonly number[], used: readonly number[]): number[] {
  const recent = [...used]
  const symbols: number[] = []
  let run = 0
  const endRun = () => {
    for (; run > 0; run = (run - 1) >> 1) symbols.push((run - 1) & 1)
    run = 0
  }
  for (const byte of sorted) {
    const at = recent.indexOf(byte)
    if (at === 0) {
      run++
      continue
    }
    endRun()
    symbols.push(at + 1)
    recent.splice(at, 1)
    recent.unshift(byte)
  }
  endRun()
  return [...symbols, used.length + 1]
}
