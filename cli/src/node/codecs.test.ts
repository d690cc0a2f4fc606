import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { bytesSource, openSavedMachine } from '@vits/core/formats'
import { describe, expect, it } from 'vitest'
import { fixtureBytes, fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
import { codecsUpTo } from './codecs.ts'

const plain = fixtureBytes('healthy.mig')
const packed = {
  zstd: new Uint8Array(readFileSync(fixtureFile('healthy.mig.zst'))),
  gzip: new Uint8Array(gzipSync(plain)),
}

describe.each(['zstd', 'gzip'] as const)('a file inside %s', (name) => {
  const opened = (largest: number) => openSavedMachine(bytesSource(packed[name]), { codecs: codecsUpTo(largest) })

  it('opens when its contents just fit', async () => {
    expect(Buffer.compare(await codecsUpTo(plain.length)[name]!(packed[name]), plain)).toBe(0)
    expect((await opened(plain.length)).registers.itses[0]!.iidr).toBe(0x4b00043b)
  })

  it('is refused with what to do when they do not', async () => {
    await expect(opened(2 ** 19)).rejects.toThrow(
      `at byte 0x0: expected at most 0.5 MiB in a compressed file, found more: decompress it first (${name} -d)`,
    )
  })

  it('is refused when it ends too early', async () => {
    const cut = packed[name].subarray(0, packed[name].length >> 1)
    await expect(openSavedMachine(bytesSource(cut), { codecs: codecsUpTo(2 ** 31) })).rejects.toThrow(
      { zstd: 'expected the contents of a zstd block, found the end of the file', gzip: 'expected data compressed with gzip' }[
        name
      ],
    )
  })

  it('is refused when its checksum is not that of its contents', async () => {
    const footer = packed[name].length - { zstd: 4, gzip: 8 }[name]
    const damaged = packed[name].with(footer, packed[name][footer]! ^ 1)
    await expect(openSavedMachine(bytesSource(damaged), { codecs: codecsUpTo(2 ** 31) })).rejects.toThrow(
      { zstd: 'the file is damaged', gzip: 'incorrect data check' }[name],
    )
  })
})
