import { describe, expect, it } from 'vitest'
import { bytesSource, type Container, FormatError, type SavedFile } from './index.ts'
import { inFile, writeBackOf } from './machine-file.ts'

const source = bytesSource(new Uint8Array(0))
const file = (container: Container, compression?: 'gzip'): SavedFile => ({ name: 'vm', source, compression, container })
const plain = file({ kind: 'plain' })
const packed = file({ kind: 'plain' }, 'gzip')
const image = file({ kind: 'qcow2', snapshot: 'a' })
const disk = file({ kind: 'qcow2-disk' })

describe('files of one machine', () => {
  it.each([
    ['each can be written', [plain, file({ kind: 'libvirt', storage: 'raw' })], 'files'],
    ['one is compressed', [plain, packed], 'copies'],
    ['one is a packed libvirt save', [file({ kind: 'libvirt', storage: 'zstd' }), plain], 'copies'],
    ['one is an image', [packed, image, plain], 'nowhere'],
    ['one is the disk of an image', [disk], 'nowhere'],
  ])('can be written as the least of them can: %s', (_, files, to) => {
    expect(writeBackOf(files).to).toBe(to)
  })
})

describe('work on one of several files', () => {
  const failing = (error: unknown) => inFile({ name: 'vm.mem', source }, () => Promise.reject(error))

  it('gives what it comes to', async () => {
    expect(await inFile({ name: 'vm.mem', source }, async () => 5)).toBe(5)
  })

  it('that fails names the file, unless it is known already', async () => {
    await expect(failing(new FormatError(7, 'this', 'that'))).rejects.toMatchObject({ file: 'vm.mem', offset: 7 })
    const known = new FormatError(7, 'this', 'that').in('vm.state')
    await expect(failing(known)).rejects.toBe(known)
  })

  it('that fails for something else is left alone', async () => {
    const other = new RangeError('no page')
    await expect(failing(other)).rejects.toBe(other)
  })
})
