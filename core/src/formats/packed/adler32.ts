const MODULUS = 65521
/** So many bytes at most may be added up before the sums are more than 32 bits hold. */
const STEP = 5552

/** Adler-32 of `bytes`. Source: RFC 1950, 8.2. */
export function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0]
  for (let at = 0; at < bytes.length; ) {
    for (const until = Math.min(at + STEP, bytes.length); at < until; at++) {
      a += bytes[at]!
      b += a
    }
    a %= MODULUS
    b %= MODULUS
  }
  return b * 2 ** 16 + a
}
