import type { Gpa, GuestMemory } from '../memory/index.ts'
import type { Hex } from './step.ts'

/** The bytes of hex digits in memory order. */
export function bytesOfHex(digits: string): Uint8Array {
  return Uint8Array.from({ length: digits.length / 2 }, (_, n) => Number.parseInt(digits.slice(2 * n, 2 * n + 2), 16))
}

/** Bytes as hex digits in memory order. */
export function hexOfBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** 64-bit words as little-endian bytes. */
export function wordBytes(words: readonly string[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(words.length * 8))
  for (const [n, word] of words.entries()) bytes.setBigUint64(n * 8, BigInt.asUintN(64, BigInt(word)), true)
  return new Uint8Array(bytes.buffer)
}

/**
 * The 64-bit words of a stretch of memory that are not zero, as hex digits in memory order, by their offset.
 *
 * @throws KvmError EFAULT at the first byte outside RAM.
 */
export function nonzeroWords(memory: GuestMemory, at: Gpa, bytes: number): Record<Hex, string> {
  if (at % 8 !== 0 || bytes % 8 !== 0) return nonzeroIn(memory.read(at, bytes))
  const found: Record<Hex, string> = {}
  const cursor = memory.cursor()
  for (let offset = 0; offset < bytes; ) {
    // A hole: reading says where it begins.
    if (!cursor.seek((at + offset) as Gpa)) memory.read(at, bytes)
    const left = (bytes - offset) / 8
    const zeros = cursor.knownZeros(left)
    const here = zeros > 0 ? 0 : Math.min(left, cursor.run)
    const { words, index } = cursor
    for (let n = 0; n < here; n++) {
      const [lo, hi] = [words[index + 2 * n]!, words[index + 2 * n + 1]!]
      if ((lo | hi) !== 0) found[`0x${(offset + 8 * n).toString(16)}`] = wordDigits(lo) + wordDigits(hi)
    }
    offset += 8 * (zeros + here)
  }
  return found
}

/** As `nonzeroWords`, of bytes that begin or end anywhere. */
function nonzeroIn(data: Uint8Array): Record<Hex, string> {
  const found: Record<Hex, string> = {}
  for (let offset = 0; offset < data.length; offset += 8) {
    const word = data.subarray(offset, offset + 8)
    if (word.some((byte) => byte !== 0)) found[`0x${offset.toString(16)}`] = hexOfBytes(word)
  }
  return found
}

/** The bytes of a 32-bit word as hex digits in memory order. */
const wordDigits = (word: number) =>
  hexOfBytes(Uint8Array.of(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24))

/** FNV-1a with 64 bits, as hex digits: the lab's hash of guest RAM. */
export function fnv1a(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash.toString(16)
}
