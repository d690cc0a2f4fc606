import { truncated } from '../byte-source.ts'
import type { StreamReader } from '../stream-reader.ts'
import { SECTION } from './section.ts'

const FOOTER_BYTES = 5
const LAST_COMMAND = 32

/**
 * Moves to the footer of a section that nothing tells the length of (dirty bitmaps, VFIO devices): the first place that reads
 * as this section's footer and as the beginning of another section behind it.
 */
export async function skipToFooter(reader: StreamReader, id: number, started: ReadonlyMap<number, string>): Promise<void> {
  for (;;) {
    await reader.need(FOOTER_BYTES, `the footer of section ${id}`)
    if (reader.at >= reader.limit) await reader.refill()
    const { bytes, limit } = reader
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = bytes.indexOf(SECTION.footer, reader.at); at >= 0 && at < limit; at = bytes.indexOf(SECTION.footer, at + 1)) {
      if (at + FOOTER_BYTES > bytes.length || view.getUint32(at + 1) !== id) continue
      if (!beginsSection(view, at + FOOTER_BYTES, started)) continue
      reader.at = at
      return
    }
    if (limit === bytes.length) throw truncated(reader.source.byteLength, `the footer of section ${id}`)
    reader.at = limit
  }
}

function beginsSection(view: DataView, at: number, started: ReadonlyMap<number, string>): boolean {
  if (at + 6 > view.byteLength) return false
  switch (view.getUint8(at)) {
    case SECTION.eof:
      return view.getUint8(at + 1) === SECTION.vmdescription
    case SECTION.part:
    case SECTION.end:
      return started.has(view.getUint32(at + 1))
    case SECTION.start:
    case SECTION.full:
      return isName(view, at + 5)
    case SECTION.command:
      return view.getUint16(at + 1) < LAST_COMMAND
    default:
      return false
  }
}

function isName(view: DataView, at: number): boolean {
  const length = view.getUint8(at)
  if (length === 0 || at + 1 + length > view.byteLength) return false
  for (let i = 1; i <= length; i++) {
    const character = view.getUint8(at + i)
    if (character < 0x20 || character > 0x7e) return false
  }
  return true
}
