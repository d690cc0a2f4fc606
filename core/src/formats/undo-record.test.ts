import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyEdits, bytesSource, type Edit, FormatError, readUndo, reversed, undoFile, undoText } from './index.ts'

async function applied(bytes: Uint8Array, edits: readonly Edit[]): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of applyEdits(bytesSource(bytes), edits)) pieces.push(piece)
  return new Uint8Array(Buffer.concat(pieces))
}

/** As it was written when a record knew one file. */
const version1 = `{ "format": "vits-undo", "version": 1, "file": "vm.mig", "bytesBefore": 9, "bytesAfter": 8, "words": [ "a word" ], "edits": [ { "offset": 2, "before": "0102", "after": "ff" } ], "checksum": "b2df5436"}`

/** As it was written before a record had digests of its files. */
const version2 = `{ "format": "vits-undo", "version": 2, "words": [ "a word" ], "files": [ { "name": "vm.mig", "bytesBefore": 9, "bytesAfter": 8, "edits": [ { "offset": 2, "before": "0102", "after": "ff" } ] } ], "checksum": "98c84c57"}`

const host = { sha256: () => createHash('sha256') }
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** A file and edits of it, in order and apart. */
const changes = fc
  .tuple(
    fc.uint8Array({ minLength: 1, maxLength: 60 }),
    fc.array(fc.record({ gap: fc.nat(9), remove: fc.nat(9), insert: fc.uint8Array({ maxLength: 9 }) }), { maxLength: 4 }),
  )
  .map(([bytes, parts]) => {
    let at = 0
    const edits: Edit[] = []
    for (const { gap, remove, insert } of parts) {
      const offset = Math.min(at + gap, bytes.length)
      at = Math.min(offset + remove, bytes.length)
      edits.push({ offset, remove: at - offset, insert })
    }
    return { bytes, edits }
  })

describe('an undo record', () => {
  it('takes any change of any files back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(changes, { minLength: 1, maxLength: 3 }), async (list) => {
        const names = list.map((_, i) => `file ${i}`)
        const files = await Promise.all(list.map(({ bytes, edits }, i) => undoFile(names[i]!, bytesSource(bytes), edits, host)))
        const record = readUndo(undoText({ files, words: ['one'] }, host), host)
        expect([record.words, record.files.map(({ name }) => name)]).toEqual([['one'], names])
        for (const [i, { bytes, edits }] of list.entries()) {
          const changed = await applied(bytes, edits)
          expect([record.files[i]!.bytesBefore, record.files[i]!.bytesAfter]).toEqual([bytes.length, changed.length])
          expect(record.files[i]!.digests).toEqual({ before: sha256(bytes), after: sha256(changed) })
          expect(await applied(changed, reversed(record.files[i]!))).toEqual(bytes)
        }
      }),
    )
  })

  it.each([
    [1, version1],
    [2, version2],
  ])('of version %i is read, and has no digest of its file', (_, text) => {
    const edits = [{ offset: 2, before: Uint8Array.of(1, 2), after: Uint8Array.of(255) }]
    const file = { name: 'vm.mig', bytesBefore: 9, bytesAfter: 8, edits, digests: undefined }
    expect(readUndo(text, host)).toEqual({ files: [file], words: ['a word'] })
  })

  it('tells how far it is with a file', async () => {
    const told: number[][] = []
    const edits = [{ offset: 2, remove: 1, insert: Uint8Array.of(1, 2) }]
    await undoFile('vm', bytesSource(new Uint8Array(9)), edits, { ...host, progress: (...at) => told.push(at) })
    expect(told).toEqual([
      [2, 9],
      [9, 9],
    ])
  })

  const file = {
    name: 'vm.mig',
    bytesBefore: 4,
    bytesAfter: 4,
    edits: [{ offset: 0, before: new Uint8Array(2), after: new Uint8Array(2) }],
    digests: { before: '0'.repeat(64), after: 'f'.repeat(64) },
  }
  const [edit] = file.edits
  it.each([
    ['without a file', [], 'a file in'],
    ['of two files of one name', [file, file], 'files of different names'],
    ['of a file in another folder', [{ ...file, name: '../../etc/passwd' }], 'in the same folder'],
    ['of the folder itself', [{ ...file, name: '..' }], 'in the same folder'],
    ['of edits behind the end', [{ ...file, edits: [{ ...edit!, offset: 3 }] }], 'edits inside the file'],
    ['of edits in disorder', [{ ...file, edits: [edit!, edit!] }], 'edits in order'],
    ['of a length that its edits do not give', [{ ...file, bytesAfter: 5 }], 'edits inside the file'],
    ['of half a length', [{ ...file, bytesBefore: 4.5 }], 'a count'],
  ])('is refused %s, for all its checksum', (_, files, message) => {
    const read = () => readUndo(undoText({ files, words: [] }, host), host)
    expect(read).toThrow(FormatError)
    expect(read).toThrow(message)
  })

  it('is refused with any byte changed, in words and not in a stack trace', () => {
    const text = undoText({ files: [file], words: [] }, host)
    fc.assert(
      fc.property(fc.nat(text.length - 2), fc.integer({ min: 0x20, max: 0x7e }), (at, code) => {
        const changed = `${text.slice(0, at)}${String.fromCharCode(code)}${text.slice(at + 1)}`
        try {
          expect(readUndo(changed, host)).toEqual(readUndo(text, host))
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError)
        }
      }),
    )
  })
})
