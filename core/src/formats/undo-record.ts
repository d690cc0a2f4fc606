import { type ByteSource, readExactly } from './byte-source.ts'
import type { Edit } from './edits.ts'
import { FormatError } from './format-error.ts'
import { type Json, JsonReader, parseJson } from './json-reader.ts'

/** One place in a file that a repair changed: what was there and what is there now, the same length or not. */
export interface UndoEdit {
  /** Where the old bytes were. */
  readonly offset: number
  readonly before: Uint8Array
  readonly after: Uint8Array
}

/** What is needed to take the repair of one file back. */
export interface UndoFile {
  /** Without its folder. */
  readonly name: string
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** In order of their offsets, without overlap. */
  readonly edits: readonly UndoEdit[]
}

/** What is needed to take a repair in place back. */
export interface UndoRecord {
  /** The files that the repair changed, at least one; they lie in one folder. */
  readonly files: readonly UndoFile[]
  /** The words of guest RAM that changed, for people. */
  readonly words: readonly string[]
}

const FORMAT = 'vits-undo'
const VERSION = 2

/** Reads the bytes that the edits of a file take away, so that they can be put back. */
export async function undoFile(name: string, source: ByteSource, edits: readonly Edit[]): Promise<UndoFile> {
  const kept: UndoEdit[] = []
  let bytesAfter = source.byteLength
  for (const { offset, remove, insert } of edits) {
    const before = await readExactly(source, offset, remove, 'the bytes that a repair changes')
    kept.push({ offset, before: before.slice(), after: insert })
    bytesAfter += insert.length - remove
  }
  return { name, bytesBefore: source.byteLength, bytesAfter, edits: kept }
}

/** The edits that take the repair back, for the file as the repair left it. */
export function reversed({ edits }: UndoFile): Edit[] {
  let shift = 0
  return edits.map(({ offset, before, after }) => {
    const edit = { offset: offset + shift, remove: after.length, insert: before }
    shift += after.length - before.length
    return edit
  })
}

/** The record as the text of an undo file: JSON with a checksum. */
export function undoText({ files, words }: UndoRecord): string {
  const body = { format: FORMAT, version: VERSION, words, files: files.map(fileJson) }
  return `${JSON.stringify({ ...body, checksum: checksum(JSON.stringify(body)) }, null, 1)}\n`
}

function fileJson({ edits, ...rest }: UndoFile): Json {
  return { ...rest, edits: edits.map(({ offset, before, after }) => ({ offset, before: toHex(before), after: toHex(after) })) }
}

/** @throws FormatError when the text is no undo record, or is damaged. */
export function readUndo(text: string): UndoRecord {
  const json = new JsonReader(0, 'an undo file of vits')
  const record = parseJson(text)
  if (record === undefined) throw new FormatError(0, 'an undo file of vits (JSON)', text.slice(0, 16))
  const { checksum: sum, ...body } = json.object(record)
  const { format, version, words } = body
  if (format !== FORMAT) throw new FormatError(0, 'an undo file of vits', 'something else')
  if (version !== 1 && version !== VERSION) throw new FormatError(0, `version 1 or ${VERSION} of an undo file`, `${version}`)
  if (sum !== checksum(JSON.stringify(body))) throw new FormatError(0, 'an undo file with its checksum', 'another checksum')
  // Version 1 knew one file, whose members were the record's own.
  const files = version === 1 ? [{ ...body, name: body['file'] }] : json.array(body['files'])
  return { files: readFiles(json, files), words: json.array(words).map((word) => json.string(word)) }
}

function readFiles(json: JsonReader, files: readonly unknown[]): UndoFile[] {
  const read = files.map((file) => readFile(json, json.object(file)))
  if (new Set(read.map(({ name }) => name)).size !== read.length) throw json.wrong('files of different names', 'one twice')
  if (read.length === 0) throw json.wrong('a file', 'none')
  return read
}

const LARGEST_FILE = 2 ** 53

function readFile(json: JsonReader, { name, bytesBefore, bytesAfter, edits }: Json): UndoFile {
  if (typeof name !== 'string' || /^\.{0,2}$|[/\0]/.test(name)) throw json.wrong('the name of a file in the same folder', name)
  const file = {
    name,
    bytesBefore: json.count(bytesBefore, LARGEST_FILE),
    bytesAfter: json.count(bytesAfter, LARGEST_FILE),
    edits: json.array(edits).map((edit) => readEdit(json, json.object(edit))),
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

function readEdit(json: JsonReader, { offset, before, after }: Json): UndoEdit {
  return { offset: json.count(offset, LARGEST_FILE), before: fromHex(json, before), after: fromHex(json, after) }
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

function fromHex(json: JsonReader, digits: unknown): Uint8Array {
  if (typeof digits !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(digits)) throw json.wrong('bytes in hexadecimal', digits)
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))
}

/** CRC-32 (IEEE 802.3) of a text's UTF-16 code units, low byte first, as eight digits. */
function checksum(text: string): string {
  let crc = ~0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    for (const byte of [unit & 0xff, unit >>> 8]) {
      crc ^= byte
      for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
    }
  }
  return (~crc >>> 0).toString(16).padStart(8, '0')
}
