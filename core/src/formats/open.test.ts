import { describe, expect, it } from 'vitest'
import { type ByteSource, FormatError, openSavedMachine } from './index.ts'
import { formatWords, type QemuOrigin } from './origin.ts'

describe('a file of few bytes', () => {
  /** A source that is asked for nothing that it does not have. */
  const strict = (bytes: Uint8Array): ByteSource => ({
    byteLength: bytes.length,
    slice: async (start, end) => {
      if (start < 0 || end < start || end > bytes.length) throw new RangeError(`${start} to ${end} is not inside`)
      return bytes.subarray(start, end)
    },
  })

  it.each([
    [[], 'nothing'],
    [[0x68, 0x69], '"hi"'],
    [[1, 0x68, 0xff], '01 68 ff'],
    [Array.from('more than eight', (character) => character.charCodeAt(0)), '"more tha"'],
    [[0x20, 0x7e], '" ~"'],
    [[0x7f], '7f'],
  ])('is refused, and shown: %j', async (bytes, shown) => {
    const refused = openSavedMachine(strict(Uint8Array.from(bytes)))
    await expect(refused).rejects.toThrow(FormatError)
    await expect(refused).rejects.toMatchObject({ offset: 0, found: shown })
  })

  it.each([
    [
      'zstd',
      [0x28, 0xb5, 0x2f, 0xfd, 0, 0, 4, 0, 0],
      '0x6: expected a block compressed with zstd, found a block without literals',
    ],
    ['gzip', [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 7], '0xa: expected data compressed with gzip, found a block of a type'],
    ['bzip2', [0x42, 0x5a, 0x68, 0x39, 7], '0x4: expected data compressed with bzip2, found the end of the file'],
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 7], '0x7: expected an xz stream, found the end of the file'],
    ['lzop', [0x89, 0x4c, 0x5a, 0x4f, 0, 0x0d, 0x0a, 0x1a, 0x0a], '0x9: expected the header of an lzop file, found the end of'],
  ])('of %s is refused with the byte of the compressed file', async (_, bytes, message) => {
    const refused = openSavedMachine(strict(Uint8Array.from(bytes)))
    await expect(refused).rejects.toThrow(FormatError)
    await expect(refused).rejects.toThrow(message)
  })
})

describe('what a file is, in words,', () => {
  it.each<[QemuOrigin['ram'], QemuOrigin['container'], string]>([
    ['stream', { kind: 'plain' }, 'QEMU stream'],
    ['mapped-ram', { kind: 'plain' }, 'QEMU mapped-ram file'],
    ['stream', { kind: 'libvirt', storage: 'raw' }, 'QEMU stream in a libvirt save'],
    ['stream', { kind: 'libvirt', storage: 'zstd' }, 'QEMU stream in a libvirt save (zstd)'],
    ['stream', { kind: 'qcow2-disk' }, 'QEMU stream on the disk of a qcow2 image'],
    ['stream', { kind: 'qcow2', snapshot: 'a b' }, 'QEMU stream in qcow2 snapshot "a b"'],
  ])('tells a %s and what it lies in: %j', (ram, container, words) => {
    const origin = { vmm: 'qemu', ram, container } as const
    expect([formatWords('qemu', origin), formatWords('case', origin)]).toEqual([words, `case of a ${words}`])
  })

  it('tells a snapshot of Cloud Hypervisor', () => {
    const origin = { vmm: 'cloud-hypervisor', versions: 'v39 to v45' } as const
    expect(formatWords('cloud-hypervisor', origin)).toBe('Cloud Hypervisor snapshot')
    expect(formatWords('case', origin)).toBe('case of a Cloud Hypervisor snapshot')
  })

  it('tells a snapshot of Firecracker', () => {
    const origin = { vmm: 'firecracker', release: '1.15', snapshot: '9.0.0', ram: 'full' } as const
    expect(formatWords('firecracker', origin)).toBe('Firecracker snapshot 9.0.0 (1.15)')
    expect(formatWords('case', { ...origin, ram: 'diff' })).toBe('case of a Firecracker diff snapshot 9.0.0 (1.15)')
  })
})
