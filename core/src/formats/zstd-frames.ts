import { FormatError } from './format-error.ts'

const FRAME = 0xfd2fb528
const SKIPPABLE = 0x184d2a50

/** Where one frame lies in a zstd file, and what it says about its contents. */
export interface ZstdFrame {
  readonly start: number
  readonly end: number
  /** The low word of XXH64 over the contents, if the writer kept it; `zstd` does unless told not to. */
  readonly checksum: number | undefined
}

/** Bytes of the content size field by the two bits that announce it; without a window descriptor it is never left out. */
const CONTENT_SIZE_BYTES = [0, 2, 4, 8]
const DICTIONARY_ID_BYTES = [0, 1, 2, 4]
const BLOCK_HEADER = 3
const CHECKSUM = 4
const RLE = 1
const RESERVED = 3

/**
 * The frames of a zstd file that begins at `offset` of what is opened, without decoding any: a decoder that is given one frame at a time
 * can be asked whether what it made of it is what was compressed. Skippable frames are left out.
 *
 * @throws FormatError where the file ends within a frame, or what follows a frame is none. Source: RFC 8878, 3.1.
 */
export function zstdFrames(bytes: Uint8Array, offset = 0): readonly ZstdFrame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const room = (at: number, length: number, what: string) => {
    if (at + length > bytes.length) throw new FormatError(offset + at, what, 'the end of the file')
    return at + length
  }
  const frames: ZstdFrame[] = []
  let at = 0
  while (at < bytes.length) {
    const afterMagic = room(at, 4, 'a zstd frame')
    const magic = view.getUint32(at, true)
    if ((magic & ~0xf) >>> 0 === SKIPPABLE) {
      const contents = room(afterMagic, 4, 'the size of a skippable zstd frame')
      at = room(contents, view.getUint32(afterMagic, true), 'a skippable zstd frame')
      continue
    }
    if (magic !== FRAME) throw new FormatError(offset + at, 'a zstd frame, or the end of the file', `0x${magic.toString(16)}`)
    const { end, checksum } = frameAt(at)
    frames.push({ start: at, end, checksum })
    at = end
  }
  return frames

  function frameAt(start: number): { end: number; checksum: number | undefined } {
    const header = room(start + 4, 1, 'the header of a zstd frame')
    const descriptor = view.getUint8(start + 4)
    const singleSegment = (descriptor & 0x20) !== 0
    const contentSize = CONTENT_SIZE_BYTES[descriptor >> 6]! || (singleSegment ? 1 : 0)
    const fields = (singleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[descriptor & 3]! + contentSize
    let block = room(header, fields, 'the header of a zstd frame')
    for (let last = false; !last; ) {
      const contents = room(block, BLOCK_HEADER, 'a block of a zstd frame')
      const word = view.getUint16(block, true) | (view.getUint8(block + 2) << 16)
      const type = (word >> 1) & 3
      if (type === RESERVED) throw new FormatError(offset + block, 'a block of a zstd frame', 'one of the reserved type')
      last = (word & 1) !== 0
      block = room(contents, type === RLE ? 1 : word >> 3, 'the contents of a zstd block')
    }
    if ((descriptor & 4) === 0) return { end: block, checksum: undefined }
    const end = room(block, CHECKSUM, 'the checksum of a zstd frame')
    return { end, checksum: view.getUint32(block, true) }
  }
}
