import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missingOptions, neededOptions } from './config.ts'
import { readKernelImage } from './image.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vits-image-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** An image of nothing but its header, with 4 KiB pages unless the flags say otherwise, and what CONFIG_IKCONFIG adds. */
function image({ flags = 0b1010, config = '' } = {}): Buffer {
  const header = Buffer.alloc(4096)
  header[24] = flags
  header.write('ARM\x64', 56, 'latin1')
  if (config === '') return header
  return Buffer.concat([header, Buffer.from('IKCFG_ST'), gzipSync(config), Buffer.from('IKCFG_ED')])
}

function zboot(method: string, payload: Buffer): Buffer {
  const header = Buffer.alloc(64)
  header.write('MZ\0\0zimg', 'latin1')
  header.writeUInt32LE(64, 8)
  header.writeUInt32LE(payload.length, 12)
  header.write(method, 24)
  return Buffer.concat([header, payload, Buffer.from([0, 16, 0, 0])])
}

function read(bytes: Buffer) {
  const path = join(folder, 'kernel')
  writeFileSync(path, bytes)
  return readKernelImage(path, folder)
}

describe('the image of a kernel', () => {
  it('is taken as it is, or unpacked', async () => {
    expect((await read(image())).path).toBe(join(folder, 'kernel'))
    for (const packed of [gzipSync(image()), zboot('gzip', gzipSync(image()))]) {
      const { path } = await read(packed)
      expect(readFileSync(path).equals(image())).toBe(true)
    }
  })

  it.each([
    ['is an ELF file, as vmlinux is: name arch/arm64/boot/Image', Buffer.from('\x7fELF'.padEnd(4096, '\0'), 'latin1')],
    ['is a kernel for x86', Buffer.alloc(4096).fill('HdrS', 0x202, 0x206)],
    ['no arm64 kernel image', Buffer.alloc(4096)],
    ['no arm64 kernel image', Buffer.from('words')],
    ['big-endian', image({ flags: 0b1011 })],
    ['pages of 64 KiB', image({ flags: 0b1110 })],
    ["packed with 'lz4'", zboot('lz4', Buffer.alloc(100))],
    ['cannot be unpacked', gzipSync(image()).subarray(0, 40)],
  ])('is refused: %s', async (why, bytes) => {
    await expect(read(bytes)).rejects.toThrow(why)
  })

  it('has its configuration in it, where it was built so', async () => {
    expect((await read(image())).config).toBeUndefined()
    const { config } = await read(gzipSync(image({ config: 'CONFIG_KVM=y\n# CONFIG_BUG is not set\nCONFIG_DEVTMPFS=m\n' })))
    expect([...config!]).toEqual([
      ['KVM', 'y'],
      ['DEVTMPFS', 'm'],
    ])
    const { needed, spare } = missingOptions(config!)
    expect(needed).not.toContain('CONFIG_KVM')
    expect(needed).toContain('CONFIG_DEVTMPFS (=m, and the agent loads no modules)')
    expect(spare).toContain('CONFIG_BUG')
  })
})

it('what is needed of a kernel is what the smallest one that was built has', () => {
  const built = [...readFileSync('lab/proposal/kvm.config', 'utf8').matchAll(/^CONFIG_(\w+)=y$/gm)].map(([, name]) => name)
  expect(Object.keys(neededOptions).sort()).toEqual(built.filter((name) => name !== 'ARM64_VA_BITS_48').sort())
})
