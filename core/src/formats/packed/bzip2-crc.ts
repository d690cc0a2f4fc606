/** The polynomial of IEEE 802.3, the highest bit first: bzip2 takes its bytes the other way round than gzip does. */
const POLYNOMIAL = 0x04c11db7
const SLICES = 4

/** Entry 256 k + b: what byte b does that k bytes follow. */
const tables = new Int32Array(256 * SLICES)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte << 24
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? POLYNOMIAL : 0)
  tables[byte] = crc
}
for (let i = 256; i < tables.length; i++) tables[i] = (tables[i - 256]! << 8) ^ tables[tables[i - 256]! >>> 24]!

/** The CRC that bzip2 keeps of `bytes`, behind others of which it is `before`. */
export function bzip2Crc(bytes: Uint8Array, before = 0): number {
  let crc = ~before
  let at = 0
  for (const whole = bytes.length - (bytes.length % SLICES); at < whole; at += SLICES) {
    crc ^= (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
    crc =
      tables[0x300 | (crc >>> 24)]! ^
      tables[0x200 | ((crc >>> 16) & 0xff)]! ^
      tables[0x100 | ((crc >>> 8) & 0xff)]! ^
      tables[crc & 0xff]!
  }
  for (; at < bytes.length; at++) crc = (crc << 8) ^ tables[(crc >>> 24) ^ bytes[at]!]!
  return ~crc >>> 0
}
