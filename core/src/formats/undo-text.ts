import { FormatError } from './format-error.ts'
import { type Json, JsonReader, parseJson } from './json-reader.ts'
import { crc32 } from './packed/crc32.ts'
import type { Digesting, NewUndoFile, UndoDigests, UndoEdit, UndoFile, UndoRecord } from './undo-record.ts'

const FORMAT = 'vits-undo'
const VERSION = 3

/** A record that is to be written. */
interface NewUndoRecord extends UndoRecord {
  readonly files: readonly NewUndoFile[]
}

/** The record as the text of an undo file: JSON with the SHA-256 of what it says. */
export function undoText({ files, words }: NewUndoRecord, { sha256 }: Digesting): string {
  const body = { format: FORMAT, version: VERSION, words, files: files.map(fileJson) }
  return `${JSON.stringify({ ...body, sha256: digestOf(body, sha256) }, null, 1)}\n`
}

function fileJson({ edits, digests, ...rest }: NewUndoFile): Json {
  return {
    ...rest,
    sha256Before: digests.before,
    sha256After: digests.after,
    edits: edits.map(({ offset, before, after }) => ({ offset, before: toHex(before), after: toHex(after) })),
  }
}

/**
 * Reads what `undoText` writes, and the two versions before it. Its digest shows damage and mistakes; whoever can write the file can
 * give it a right one.
 *
 * @throws FormatError when the text is no undo record, or is damaged.
 */
export function readUndo(text: string, { sha256 }: Digesting): UndoRecord {
  const json = new JsonReader(0, 'an undo file of vits')
  const parsed = parseJson(text)
  if (parsed === undefined) throw new FormatError(0, 'an undo file of vits (JSON)', text.slice(0, 16))
  const record = json.object(parsed)
  const { format, version, words } = record
  if (format !== FORMAT) throw new FormatError(0, 'an undo file of vits', 'something else')
  if (version !== 1 && version !== 2 && version !== VERSION)
    throw new FormatError(0, `version 1, 2 or ${VERSION} of an undo file`, `${version}`)
  refuseDamaged(record, version, sha256)
  // Version 1 knew one file, whose members were the record's own.
  const files = version === 1 ? [{ ...record, name: record['file'] }] : json.array(record['files'])
  const read = files.map((file) => readFile(json, json.object(file), version))
  if (new Set(read.map(({ name }) => name)).size !== read.length) throw json.wrong('files of different names', 'one twice')
  if (read.length === 0) throw json.wrong('a file', 'none')
  return { files: read, words: json.array(words).map((word) => json.string(word)) }
}

/** Versions 1 and 2 have a CRC of themselves and none of their files. */
function refuseDamaged(record: Json, version: number, sha256: Digesting['sha256']): void {
  const { checksum, ...old } = record
  const { sha256: digest, ...body } = record
  const whole = version === VERSION ? digest === digestOf(body, sha256) : checksum === crc(JSON.stringify(old))
  if (!whole) throw new FormatError(0, 'an undo file with its checksum', 'another checksum')
}

const digestOf = (body: Json, sha256: Digesting['sha256']): string => {
  const digest = sha256()
  digest.update(JSON.stringify(body))
  return digest.digest('hex')
}

const LARGEST_FILE = 2 ** 53

function readFile(json: JsonReader, members: Json, version: number): UndoFile {
  const { name, bytesBefore, bytesAfter, edits } = members
  if (typeof name !== 'string' || /^\.{0,2}$|[/\0]/.test(name)) throw json.wrong('the name of a file in the same folder', name)
  const file = {
    name,
    bytesBefore: json.count(bytesBefore, LARGEST_FILE),
    bytesAfter: json.count(bytesAfter, LARGEST_FILE),
    edits: json.array(edits).map((edit) => readEdit(json, json.object(edit))),
    digests: version === VERSION ? readDigests(json, members) : undefined,
  }
  let [end, length] = [0, file.bytesBefore]
  for (const { offset, before, after } of file.edits) {
    if (offset < end) throw json.wrong('edits in order', offset)
    end = offset + before.length
    length += after.length - before.length
  }
  if (end > file.bytesBefore || length !== file.bytesAfter) throw json.wrong('edits inside the file', file.bytesBefore)
  return file
}

function readDigests(json: JsonReader, { sha256Before: before, sha256After: after }: Json): UndoDigests {
  return { before: digits(json, before), after: digits(json, after) }
}

function digits(json: JsonReader, value: unknown): string {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw json.wrong('a SHA-256 in hexadecimal', value)
  return value
}

function readEdit(json: JsonReader, { offset, before, after }: Json): UndoEdit {
  return { offset: json.count(offset, LARGEST_FILE), before: fromHex(json, before), after: fromHex(json, after) }
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

function fromHex(json: JsonReader, digits: unknown): Uint8Array {
  if (typeof digits !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(digits)) throw json.wrong('bytes in hexadecimal', digits)
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))
}

/** CRC-32 (IEEE 802.3) of a text's UTF-16 code units, low byte first, as eight digits. */
function crc(text: string): string {
  let sum = 0
  for (let at = 0; at < text.length; at += UNITS) {
    const units = Uint8Array.from(
      { length: 2 * Math.min(UNITS, text.length - at) },
      (_, i) => text.charCodeAt(at + (i >> 1)) >>> (8 * (i & 1)),
    )
    sum = crc32(units, sum)
  }
  return sum.toString(16).padStart(8, '0')
}

const UNITS = 2 ** 16
