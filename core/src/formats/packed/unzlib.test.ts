import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unzlib } from './unzlib.ts'

const MOST = 4096
const packed = new Uint8Array(deflateSync(new Uint8Array(100).fill(7)))

describe('zlib data', () => {
  it('comes out as it was, whatever it was', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: MOST }), fc.nat(9), (bytes, level) => {
        expect(Buffer.compare(unzlib(new Uint8Array(deflateSync(bytes, { level })), MOST, 0), bytes)).toBe(0)
      }),
    )
  })

  it.each([
    ['without its header', Uint8Array.of(0x78, 0x9d, 3, 0), 'data without its header'],
    ['that needs a dictionary', Uint8Array.of(0x78, 0xbb, 0, 0, 0, 0), 'data without its header'],
    ['that is cut in a block', packed.subarray(0, 6), 'the end of the file'],
    ['that is cut in its checksum', packed.subarray(0, -1), 'the end of its record'],
    ['of another checksum', packed.with(-1, packed.at(-1)! ^ 1), 'it is damaged'],
    ['of more than there is room for', new Uint8Array(deflateSync(new Uint8Array(MOST + 1))), 'at most 4096 bytes'],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => unzlib(bytes, MOST, 0x123)).toThrow(message)
    expect(() => unzlib(bytes, MOST, 0x123)).toThrow('at byte 0x123: expected ')
  })
})
