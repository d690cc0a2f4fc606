/** The polynomial of ECMA-182, bits reversed: xz keeps this CRC where nothing else is asked of it. */
const POLYNOMIAL = { lo: 0xd7870f42, hi: 0xc96c5795 }
const SLICES = 4

/** Entry 256 k + b: what byte b does that k bytes follow; the low and the high half. */
const lows = new Int32Array(256 * SLICES)
const highs = new Int32Array(256 * SLICES)
for (let byte = 0; byte < 256; byte++) {
  let [lo, hi] = [byte, 0]
  for (let bit = 0; bit < 8; bit++) {
    const odd = lo & 1
    lo = (lo >>> 1) | (hi << 31)
    hi >>>= 1
    if (odd === 1) {
      lo ^= POLYNOMIAL.lo
      hi ^= POLYNOMIAL.hi
    }
  }
  lows[byte] = lo
  highs[byte] = hi
}
for (let i = 256; i < lows.length; i++) {
  const [lo, hi] = [lows[i - 256]!, highs[i - 256]!]
  lows[i] = ((lo >>> 8) | (hi << 24)) ^ lows[lo & 0xff]!
  highs[i] = (hi >>> 8) ^ highs[lo & 0xff]!
}

/** CRC-64 of bytes that come piece by piece. */
export class Crc64 {
  #lo = ~0
  #hi = ~0

  add(bytes: Uint8Array): void {
    let [lo, hi] = [this.#lo, this.#hi]
    let at = 0
    for (const whole = bytes.length - (bytes.length % SLICES); at < whole; at += SLICES) {
      lo ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
      const [a, b, c, d] = [0x300 | (lo & 0xff), 0x200 | ((lo >>> 8) & 0xff), 0x100 | ((lo >>> 16) & 0xff), lo >>> 24]
      lo = hi ^ lows[a]! ^ lows[b]! ^ lows[c]! ^ lows[d]!
      hi = highs[a]! ^ highs[b]! ^ highs[c]! ^ highs[d]!
    }
    for (; at < bytes.length; at++) {
      const entry = (lo ^ bytes[at]!) & 0xff
      lo = ((lo >>> 8) | (hi << 24)) ^ lows[entry]!
      hi = (hi >>> 8) ^ highs[entry]!
    }
    this.#lo = lo
    this.#hi = hi
  }

  /** As xz stores it: the lowest byte first. */
  digest(): Uint8Array {
    const bytes = new Uint8Array(8)
    const view = new DataView(bytes.buffer)
    view.setInt32(0, ~this.#lo, true)
    view.setInt32(4, ~this.#hi, true)
    return bytes
  }
}
