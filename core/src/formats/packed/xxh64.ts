import type { Halves } from '../../abi/index.ts'

const P1 = { lo: 0x85ebca87, hi: 0x9e3779b1 }
const P2 = { lo: 0x27d4eb4f, hi: 0xc2b2ae3d }
const P3 = { lo: 0x9e3779f9, hi: 0x165667b1 }
const P4 = { lo: 0xc2b2ae63, hi: 0x85ebca77 }
const P5 = { lo: 0x165667c5, hi: 0x27d4eb2f }
const ZERO = { lo: 0, hi: 0 }

const LANES = 4
const STRIPE = 8 * LANES

/**
 * XXH64 with seed 0 of bytes that come piece by piece: a zstd frame keeps its low word of the contents.
 * Source: the XXH64 specification of xxHash; RFC 8878, 3.1.1.
 */
export class Xxh64 {
  readonly #lanes = [sum(P1, P2), new Word(P2), new Word(ZERO), new Word({ lo: -P1.lo, hi: ~P1.hi })] as const
  /** The beginning of a stripe. */
  readonly #rest = new Uint8Array(STRIPE)
  #resting = 0
  #bytes = 0

  add(bytes: Uint8Array): void {
    let at = 0
    this.#bytes += bytes.length
    if (this.#resting > 0) {
      at = Math.min(STRIPE - this.#resting, bytes.length)
      this.#rest.set(bytes.subarray(0, at), this.#resting)
      this.#resting += at
      if (this.#resting < STRIPE) return
      this.#stripes(this.#rest, 0, STRIPE)
    }
    const end = at + Math.floor((bytes.length - at) / STRIPE) * STRIPE
    this.#stripes(bytes, at, end)
    this.#rest.set(bytes.subarray(end))
    this.#resting = bytes.length - end
  }

  /** The low word of the hash of what was added so far. */
  low(): number {
    const hash = this.#bytes < STRIPE ? new Word(P5) : this.#joined()
    hash.add({ lo: this.#bytes >>> 0, hi: Math.floor(this.#bytes / 2 ** 32) })
    const view = new DataView(this.#rest.buffer, 0, this.#resting)
    let at = 0
    for (; at + 8 <= view.byteLength; at += 8) {
      const lane = new Word(ZERO)
      lane.takeIn(view.getInt32(at, true), view.getInt32(at + 4, true))
      hash.mix(lane, 27, P1, P4)
    }
    if (at + 4 <= view.byteLength) {
      hash.mix(product({ lo: view.getInt32(at, true), hi: 0 }, P1), 23, P2, P3)
      at += 4
    }
    for (; at < view.byteLength; at++) hash.mix(product({ lo: view.getUint8(at), hi: 0 }, P5), 11, P1, ZERO)
    hash.xorWithShifted(33)
    hash.multiply(P2)
    hash.xorWithShifted(29)
    hash.multiply(P3)
    hash.xorWithShifted(32)
    return hash.lo >>> 0
  }

  /** Takes whole stripes in, each lane of them by itself. */
  #stripes(bytes: Uint8Array, start: number, end: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#lanes.forEach((lane, index) => {
      takeInLane(lane, view, start + 8 * index, end)
    })
  }

  #joined(): Word {
    const hash = new Word(ZERO)
    this.#lanes.forEach((lane, index) => {
      const turned = new Word(lane)
      turned.rotateLeft([1, 7, 12, 18][index]!)
      hash.add(turned)
    })
    for (const lane of this.#lanes) {
      const folded = new Word(ZERO)
      folded.takeIn(lane.lo, lane.hi)
      hash.xor(folded)
      hash.multiply(P1)
      hash.add(P4)
    }
    return hash
  }
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
    // Neither sum is more than 32 bits hold.
    const middle = Math.imul(a1, b0) + (low >>> 16)
    const carry = Math.imul(a0, b1) + (middle & 0xffff)
    const high = Math.imul(a1, b1) + (middle >>> 16) + (carry >>> 16)
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

const P1_0 = P1.lo & 0xffff
const P1_1 = P1.lo >>> 16
const P2_0 = P2.lo & 0xffff
const P2_1 = P2.lo >>> 16

/** `takeIn` of every 32nd byte's word from `start` on: the same written out, because all contents of a file go through here. */
function takeInLane(lane: Word, view: DataView, start: number, end: number): void {
  let { lo, hi } = lane
  for (let at = start; at < end; at += STRIPE) {
    const inLo = view.getInt32(at, true)
    const inHi = view.getInt32(at + 4, true)
    // Most of a guest's RAM is zero.
    if ((inLo | inHi) !== 0) {
      const a0 = inLo & 0xffff
      const a1 = inLo >>> 16
      const low = Math.imul(a0, P2_0)
      const middle = (Math.imul(a1, P2_0) + (low >>> 16)) | 0
      const carry = (Math.imul(a0, P2_1) + (middle & 0xffff)) | 0
      const addLo = (carry << 16) | (low & 0xffff)
      const addHi = (Math.imul(a1, P2_1) + (middle >>> 16) + (carry >>> 16) + Math.imul(inLo, P2.hi) + Math.imul(inHi, P2.lo)) | 0
      const sumLo = (lo + addLo) | 0
      // A sum that is less than what was added has a carry.
      hi = (hi + addHi + (sumLo >>> 0 < addLo >>> 0 ? 1 : 0)) | 0
      lo = sumLo
    }
    const turnedLo = (lo << 31) | (hi >>> 1)
    const turnedHi = (hi << 31) | (lo >>> 1)
    const a0 = turnedLo & 0xffff
    const a1 = turnedLo >>> 16
    const low = Math.imul(a0, P1_0)
    const middle = (Math.imul(a1, P1_0) + (low >>> 16)) | 0
    const carry = (Math.imul(a0, P1_1) + (middle & 0xffff)) | 0
    lo = (carry << 16) | (low & 0xffff)
    hi = (Math.imul(a1, P1_1) + (middle >>> 16) + (carry >>> 16) + Math.imul(turnedLo, P1.hi) + Math.imul(turnedHi, P1.lo)) | 0
  }
  lane.lo = lo
  lane.hi = hi
}

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
