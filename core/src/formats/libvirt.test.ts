import { describe, expect, it } from 'vitest'
import { bytesSource, FormatError } from './index.ts'
import { readLibvirtHeader, uncompressedHeader } from './libvirt.ts'

const HEADER = 92

/** The header of a libvirt save with so many bytes of XML, and something behind it. */
function header({ version = 2, xml = 30, storage = 0, big = false, behind = 1 } = {}): Uint8Array {
  const bytes = new Uint8Array(HEADER + xml + behind).fill(0x41)
  const view = new DataView(bytes.buffer)
  for (const [i, word] of [version, xml, 1, storage].entries()) view.setUint32(16 + 4 * i, word, !big)
  return bytes
}
const read = (bytes: Uint8Array) => readLibvirtHeader(bytesSource(bytes))

describe('the header of a libvirt save', () => {
  it.each([
    ['raw', 0, 'raw'],
    ['gzip', 1, 'gzip'],
    ['bzip2', 2, 'bzip2'],
    ['xz', 3, 'xz'],
    ['lzop', 4, 'lzop'],
    ['zstd', 5, 'zstd'],
    ['sparse, which is read as it lies', 6, 'raw'],
  ])('tells where the stream begins and how it is stored: %s', async (_, number, storage) => {
    for (const big of [false, true]) {
      for (const version of [1, 2]) {
        expect(await read(header({ version, storage: number, big }))).toEqual({ start: HEADER + 30, storage })
      }
    }
  })

  it.each([
    ['version 0', { version: 0 }, 16, 'found 0'],
    ['version 3', { version: 3 }, 16, 'found 3'],
    ['a version that is one in neither byte order', { version: 0x10000 }, 16, 'found 256'],
    ['XML up to the end', { behind: 0 }, 20, 'found 30 bytes'],
    ['an unknown method', { storage: 7 }, 28, 'a stream stored in one of 7 ways, found method 7'],
  ])('is refused with %s', async (_, parts, offset, message) => {
    const refused = read(header(parts))
    await expect(refused).rejects.toThrow(FormatError)
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toMatchObject({ offset })
  })

  it('for a stream that is not packed any more differs in its storage alone', () => {
    const packed = header({ storage: 0x01020304 })
    const before = packed.slice()
    expect(uncompressedHeader(packed)).toEqual(header({ storage: 0 }))
    expect(packed).toEqual(before)
  })
})
