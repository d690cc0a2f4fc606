import { type ByteSource, type Edit, FormatError } from '../formats/index.ts'

/** One place in a file that a repair changed: what was there and what is there now, the same length or not. */
export interface UndoEdit {
  /** Where the old bytes were. */
  readonly offset: number
  readonly before: Uint8Array
  readonly after: Uint8Array
}

/** What is needed to take a repair in place back. */
export interface UndoRecord {
  /** Name of the file, without its folder. */
  readonly file: string
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** In order of their offsets, without overlap. */
  readonly edits: readonly UndoEdit[]
  /** The words of guest RAM that changed, for people. */
  readonly words: readonly string[]
}

const FORMAT = 'vits-undo'
const VERSION = 1

/** Reads the bytes that the edits take away, so that they can be put back. */
export async function undoEdits(source: ByteSource, edits: readonly Edit[]): Promise<UndoEdit[]> {
  const kept: UndoEdit[] = []
  for (const { offset, remove, insert } of edits) {
    kept.push({ offset, before: (await source.slice(offset, offset + remove)).slice(), after: insert })
  }
  return kept
}

/** The edits that take the repair back, for the file as the repair left it. */
export function reversed({ edits }: UndoRecord): Edit[] {
  let shift = 0
  return edits.map(({ offset, before, after }) => {
    const edit = { offset: offset + shift, remove: after.length, insert: before }
    shift += after.length - before.length
    return edit
  })
}

/** The record as the text of an undo file: JSON with a checksum. */
export function undoText({ edits, ...rest }: UndoRecord): string {
  const body = {
    format: FORMAT,
    version: VERSION,
    ...rest,
    edits: edits.map(({ offset, before, after }) => ({ offset, before: toHex(before), after: toHex(after) })),
  }
  return `${JSON.stringify({ ...body, checksum: checksum(JSON.stringify(body)) }, null, 1)}\n`
}

/** @throws FormatError when the text is no undo record, or is damaged. */
export function readUndo(text: string): UndoRecord {
  const json = parsed(text)
  if (json['format'] !== FORMAT) throw new FormatError(0, 'an undo file of vits', 'something else')
  if (json['version'] !== VERSION) throw new FormatError(0, `version ${VERSION} of an undo file`, `${json['version']}`)
  const { checksum: sum, ...body } = json
  if (sum !== checksum(JSON.stringify(body))) throw new FormatError(0, 'an undo file with its checksum', 'another checksum')
  // The checksum vouches for the shape: only `undoText` writes it.
  const { file, bytesBefore, bytesAfter, words, edits } = body as unknown as Omit<UndoRecord, 'edits'> & { edits: HexEdit[] }
  return {
    file,
    bytesBefore,
    bytesAfter,
    words,
    edits: edits.map(({ offset, before, after }) => ({ offset, before: fromHex(before), after: fromHex(after) })),
  }
}

interface HexEdit {
  readonly offset: number
  readonly before: string
  readonly after: string
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json === 'object' && json !== null) return json as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new FormatError(0, 'an undo file of vits (JSON)', text.slice(0, 16).replace(/[^ -~]/g, '.'))
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
const fromHex = (digits: string): Uint8Array =>
  Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))

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
