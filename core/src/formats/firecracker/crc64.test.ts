import { expect, it } from 'vitest'
import { crc64 } from './crc64.ts'

const text = (characters: string): Uint8Array => Uint8Array.from(characters, (character) => character.charCodeAt(0))

it.each([
  ['123456789', text('123456789'), 0xe9c6d914c4b8d9can],
  ['16 bytes of 0x7b', new Uint8Array(16).fill(0x7b), 0x29d5357216326566n],
  ['nothing', new Uint8Array(0), 0n],
])('is CRC-64 "Jones" of %s', (_, bytes, checksum) => {
  expect(crc64(bytes)).toBe(checksum)
})

it('is 0 of what ends with its own checksum', () => {
  const bytes = new Uint8Array(17)
  bytes.set(text('123456789'))
  new DataView(bytes.buffer).setBigUint64(9, crc64(bytes.subarray(0, 9)), true)
  expect(crc64(bytes)).toBe(0n)
})
