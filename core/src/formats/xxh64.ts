import type { Halves } from '../abi/index.ts'

const P1 = { lo: 0x85ebca87, hi: 0x9e3779b1 }
const P2 = { lo: 0x27d4eb4f, hi: 0xc2b2ae3d }
const P3 = { lo: 0x9e3779f9, hi: 0x165667b1 }
const P4 = { lo: 0xc2b2ae63, hi: 0x85ebca77 }
const P5 = { lo: 0x165667c5, hi: 0x27d4eb2f }
const ZERO = { lo: 0, hi: 0 }

const LANES = 4
const STRIPE = 8 * LANES

/**
 * The low word of XXH64 with seed 0: what a zstd frame keeps of its contents.
 * Source: the XXH64 specification of xxHash; RFC 8878, 3.1.1.
 */
export function xxh64Low(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const striped = bytes.length - (bytes.length % STRIPE)
  const hash = striped === 0 ? new Word(P5) : ofStripes(view, striped)
  hash.add({ lo: bytes.length >>> 0, hi: Math.floor(bytes.length / 2 ** 32) })
  let at = striped
  for (; at + 8 <= bytes.length; at += 8) {
    const lane = new Word(ZERO)
    lane.takeIn(view.getInt32(at, true), view.getInt32(at + 4, true))
    hash.mix(lane, 27, P1, P4)
  }
  if (at + 4 <= bytes.length) {
    hash.mix(product({ lo: view.getInt32(at, true), hi: 0 }, P1), 23, P2, P3)
    at += 4
  }
  for (; at < bytes.length; at++) hash.mix(product({ lo: view.getUint8(at), hi: 0 }, P5), 11, P1, ZERO)
  hash.xorWithShifted(33)
  hash.multiply(P2)
  hash.xorWithShifted(29)
  hash.multiply(P3)
  hash.xorWithShifted(32)
  return hash.lo >>> 0
}

/** The whole stripes, each lane of them by itself, and the lanes joined. */
function ofStripes(view: DataView, end: number): Word {
  const lanes = [sum(P1, P2), new Word(P2), new Word(ZERO), new Word({ lo: -P1.lo, hi: ~P1.hi })] as const
  const [first, second, third, fourth] = lanes
  for (let at = 0; at < end; at += STRIPE) {
    first.takeIn(view.getInt32(at, true), view.getInt32(at + 4, true))
    second.takeIn(view.getInt32(at + 8, true), view.getInt32(at + 12, true))
    third.takeIn(view.getInt32(at + 16, true), view.getInt32(at + 20, true))
    fourth.takeIn(view.getInt32(at + 24, true), view.getInt32(at + 28, true))
  }
  const hash = new Word(ZERO)
  lanes.forEach((lane, index) => {
    const turned = new Word(lane)
    turned.rotateLeft([1, 7, 12, 18][index]!)
    hash.add(turned)
  })
  for (const lane of lanes) {
    const folded = new Word(ZERO)
    folded.takeIn(lane.lo, lane.hi)
    hash.xor(folded)
    hash.multiply(P1)
    hash.add(P4)
  }
  return hash
}

/** A 64-bit word that is worked on in place: no object is made for a stripe. */
class Word {
  lo: number
  hi: number
  constructor({ lo, hi }: Halves) {
    this.lo = lo | 0
    this.hi = hi | 0
  }

  add({ lo, hi }: Halves): void {
    const low = (this.lo >>> 0) + (lo >>> 0)
    this.lo = low | 0
    this.hi = (this.hi + hi + (low > 0xffffffff ? 1 : 0)) | 0
  }

  xor({ lo, hi }: Halves): void {
    this.lo ^= lo
    this.hi ^= hi
  }

  multiply({ lo, hi }: Halves): void {
    const a0 = this.lo & 0xffff
    const a1 = this.lo >>> 16
    const b0 = lo & 0xffff
    const b1 = lo >>> 16
    const low = Math.imul(a0, b0)
    const middle = a1 * b0 + (low >>> 16)
    const carry = a0 * b1 + (middle & 0xffff)
    const high = a1 * b1 + (middle >>> 16) + (carry >>> 16)
    this.hi = (high + Math.imul(this.lo, hi) + Math.imul(this.hi, lo)) | 0
    this.lo = (carry << 16) | (low & 0xffff)
  }

  /** By 1 to 31 bits. */
  rotateLeft(by: number): void {
    const { lo, hi } = this
    this.lo = (lo << by) | (hi >>> (32 - by))
    this.hi = (hi << by) | (lo >>> (32 - by))
  }

  xorWithShifted(by: 29 | 32 | 33): void {
    const { lo, hi } = this
    this.lo = lo ^ (by < 32 ? (lo >>> by) | (hi << (32 - by)) : hi >>> (by - 32))
    if (by < 32) this.hi = hi ^ (hi >>> by)
  }

  /** One round of a lane over the next 64 bits of input. */
  takeIn(lo: number, hi: number): void {
    // Most of a guest's RAM is zero.
    if ((lo | hi) !== 0) {
      input.lo = lo
      input.hi = hi
      input.multiply(P2)
      this.add(input)
    }
    this.rotateLeft(31)
    this.multiply(P1)
  }

  mix(what: Halves, by: number, factor: Halves, summand: Halves): void {
    this.xor(what)
    this.rotateLeft(by)
    this.multiply(factor)
    this.add(summand)
  }
}

const input = new Word(ZERO)

function product(a: Halves, b: Halves): Word {
  const word = new Word(a)
  word.multiply(b)
  return word
}

function sum(a: Halves, b: Halves): Word {
  const word = new Word(a)
  word.add(b)
  return word
}
