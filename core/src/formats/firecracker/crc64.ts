/** The polynomial of CRC-64 "Jones", bits reversed. @source Firecracker src/vmm/src/snapshot/crc.rs; the crc64 crate */
const POLYNOMIAL = { hi: 0x95ac9329, lo: 0xac4bc9b5 } as const

/** What each byte does to the checksum, as u32 halves. */
const hi = new Uint32Array(256)
const lo = new Uint32Array(256)
for (let byte = 0; byte < 256; byte++) {
  let [high, low] = [0, byte]
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (low & 1) === 1
    low = ((low >>> 1) | (high << 31)) >>> 0
    high >>>= 1
    if (isOdd) [high, low] = [high ^ POLYNOMIAL.hi, low ^ POLYNOMIAL.lo]
  }
  hi[byte] = high
  lo[byte] = low
}

/** CRC-64 "Jones" of `bytes`: it starts from 0 and is not inverted, so that of anything with its own checksum behind it is 0. */
export function crc64(bytes: Uint8Array): bigint {
  let [high, low] = [0, 0]
  for (const byte of bytes) {
    const index = (low ^ byte) & 0xff
    low = ((low >>> 8) | (high << 24)) ^ lo[index]!
    high = (high >>> 8) ^ hi[index]!
  }
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
}
