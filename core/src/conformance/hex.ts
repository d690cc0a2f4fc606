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

/** The 64-bit words of a stretch of memory that are not zero, as hex digits in memory order, by their offset. */
export function nonzeroWords(memory: GuestMemory, at: Gpa, bytes: number): Record<Hex, string> {
  const data = memory.read(at, bytes)
  const words = new Uint32Array(data.buffer, 0, Math.floor(bytes / 4))
  const found: Record<Hex, string> = {}
  for (let offset = 0; offset < bytes; offset += 8) {
    if (words[offset / 4] === 0 && words[offset / 4 + 1] === 0) continue
    found[`0x${offset.toString(16)}`] = hexOfBytes(data.subarray(offset, offset + 8))
  }
  return found
}

/** FNV-1a with 64 bits, as hex digits: the lab's hash of guest RAM. */
export function fnv1a(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash.toString(16)
}
