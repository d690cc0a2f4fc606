import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bytesSource, FormatError, readUndo, undoFile, undoText } from './index.ts'

const sha256 = (...bytes: number[]) => createHash('sha256').update(Uint8Array.from(bytes)).digest('hex')

type Members = Readonly<Record<string, unknown>>

/** Eight digits of the CRC-32 of UTF-16 text, low byte first. */
const sumOf = (text: string) => crc32(Buffer.from(text, 'utf16le')).toString(16).padStart(8, '0')

const host = { sha256: () => createHash('sha256') }
const digests = { before: 'ab'.repeat(32), after: 'cd'.repeat(32) }

const edit = { offset: 1, before: '0a', after: 'ff' }
const file = {
  name: 'vm.mig',
  bytesBefore: 4,
  bytesAfter: 4,
  sha256Before: digests.before,
  sha256After: digests.after,
  edits: [edit],
}

/** An undo file of these members, with the digest that they should have. */
function text(change: Members = {}): string {
  const body = { format: 'vits-undo', version: 3, words: ['a word'], files: [file], ...change }
  return JSON.stringify({ ...body, sha256: createHash('sha256').update(JSON.stringify(body)).digest('hex') })
}

/** One of version 2, with its CRC. */
function oldText(): string {
  const body = { format: 'vits-undo', version: 2, words: ['a word'], files: [{ ...file, sha256Before: undefined }] }
  return JSON.stringify({ ...body, checksum: sumOf(JSON.stringify(body)) })
}
const withFile = (change: Members) => text({ files: [{ ...file, ...change }] })
const withEdit = (change: Members) => withFile({ edits: [{ ...edit, ...change }] })

describe('the text of an undo file', () => {
  it('is JSON with the SHA-256 of what it says', () => {
    const edits = [{ offset: 1, before: Uint8Array.of(10), after: Uint8Array.of(255) }]
    const record = { files: [{ name: 'vm.mig', bytesBefore: 4, bytesAfter: 4, edits, digests }], words: ['a word'] }
    expect(readUndo(text(), host)).toEqual(record)
    expect(JSON.parse(undoText(record, host))).toEqual(JSON.parse(text()))
  })

  it('may be of version 2, with a CRC-32', () => {
    expect(readUndo(oldText(), host).words).toEqual(['a word'])
    expect(() => readUndo(oldText().replace('a word', 'a sword'), host)).toThrow('an undo file with its checksum')
  })

  it.each([
    ['no JSON', 'an undo file of something', 'an undo file of vits (JSON), found an undo file of'],
    ['no object', '[]', 'an object in an undo file of vits'],
    ['of something else', text({ format: 'vits-redo' }), 'an undo file of vits, found something else'],
    ['of version 0', text({ version: 0 }), 'version 1, 2 or 3 of an undo file, found 0'],
    ['of version 4', text({ version: 4 }), 'version 1, 2 or 3 of an undo file, found 4'],
    ['of version 2 without its CRC', text({ version: 2 }), 'an undo file with its checksum'],
    ['with another word', text().replace('a word', 'a sword'), 'an undo file with its checksum'],
    ['with another checksum', text().replace(/.{8}"\}$/, 'ffffffff"}'), 'an undo file with its checksum'],
    ['with words that are none', text({ words: [5] }), 'a short string'],
    ['with files that are no list', text({ files: file }), 'an array'],
  ])('is refused when it is %s', (_, damaged, message) => {
    expect(() => readUndo(damaged, host)).toThrow(FormatError)
    expect(() => readUndo(damaged, host)).toThrow(message)
  })

  it.each([5, ['vm'], '', '.', '..', 'a/b', '/a', 'a/', 'a\0b'])('is refused for the name %j of a file', (name) => {
    expect(() => readUndo(withFile({ name }), host)).toThrow('the name of a file in the same folder')
  })

  it.each([undefined, 5, '', 'ab'.repeat(31), 'ab'.repeat(33), 'AB'.repeat(32), 'zz'.repeat(32)])(
    'is refused for the SHA-256 %j of a file',
    (sha256) => {
      for (const member of ['sha256Before', 'sha256After'])
        expect(() => readUndo(withFile({ [member]: sha256 }), host)).toThrow('a SHA-256 in hexadecimal')
    },
  )

  it.each(['...', '.a', 'a.', 'a b'])('may have the name %j of a file', (name) => {
    expect(readUndo(withFile({ name }), host).files[0]!.name).toBe(name)
  })

  it.each([undefined, 5, ['0a'], '0', '0a0', 'zz', '0A', '0a ', ' 0a', '0x'])('is refused for the bytes %j', (before) => {
    expect(() => readUndo(withEdit({ before }), host)).toThrow('bytes in hexadecimal')
  })

  it.each<[string, number, number, readonly Members[]]>([
    [
      'edits side by side, up to the end',
      4,
      4,
      [
        { ...edit, offset: 2 },
        { ...edit, offset: 3 },
      ],
    ],
    ['an edit that adds', 4, 6, [{ offset: 4, before: '', after: '0102' }]],
    ['an edit that takes away', 4, 2, [{ offset: 2, before: '0102', after: '' }]],
    ['no edit', 4, 4, []],
  ])('may have %s', (_, bytesBefore, bytesAfter, edits) => {
    expect(readUndo(withFile({ bytesBefore, bytesAfter, edits }), host).files[0]!.edits.length).toBe(edits.length)
  })

  it.each<[string, number, number, readonly Members[], string]>([
    [
      'edits that overlap',
      9,
      9,
      [
        { offset: 2, before: '0102', after: '0304' },
        { ...edit, offset: 3 },
      ],
      'edits in order',
    ],
    ['an edit beyond the end', 4, 4, [{ ...edit, offset: 4 }], 'edits inside the file'],
    ['edits of another length', 4, 4, [{ ...edit, after: 'ffff' }], 'edits inside the file'],
  ])('is refused with %s', (_, bytesBefore, bytesAfter, edits, message) => {
    expect(() => readUndo(withFile({ bytesBefore, bytesAfter, edits }), host)).toThrow(message)
  })
})

describe('the undo record of a file', () => {
  it('keeps the old bytes, whatever the source does with its room afterwards', async () => {
    const room = Uint8Array.of(1, 2, 3, 4)
    const edits = [{ offset: 1, remove: 2, insert: Uint8Array.of(9) }]
    const undo = await undoFile('vm.mig', bytesSource(room), edits, host)
    room.fill(0)
    expect(undo).toEqual({
      name: 'vm.mig',
      bytesBefore: 4,
      bytesAfter: 3,
      edits: [{ offset: 1, before: Uint8Array.of(2, 3), after: Uint8Array.of(9) }],
      digests: { before: sha256(1, 2, 3, 4), after: sha256(1, 9, 4) },
    })
  })
})
