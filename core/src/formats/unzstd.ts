import { type Codec, decode } from './codec.ts'
import { FormatError } from './format-error.ts'
import { xxh64Low } from './xxh64.ts'
import { type ZstdFrame, zstdFrames } from './zstd-frames.ts'

/** What several frames may hold together, because they are joined into one piece. */
const LARGEST = 2 ** 31

/**
 * Decompresses a zstd file that begins at `offset`, and holds the contents of each frame against its checksum. Decoders differ in
 * whether they look, and one damaged bit that goes unseen is a damaged guest.
 */
export async function unzstd(codec: Codec, bytes: Uint8Array, offset: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let total = 0
  for (const frame of zstdFrames(bytes, offset)) {
    const contents = await decode(codec, bytes.subarray(frame.start, frame.end), offset + frame.start, 'zstd')
    verify(frame, contents, offset)
    total += contents.length
    if (total > LARGEST) throw new FormatError(offset + frame.start, `at most ${LARGEST / 2 ** 20} MiB in a zstd file`, 'more')
    pieces.push(contents)
  }
  if (pieces.length === 1) return pieces[0]!
  const whole = new Uint8Array(total)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

function verify({ checksum, start, end }: ZstdFrame, contents: Uint8Array, offset: number): void {
  if (checksum === undefined) return
  const found = xxh64Low(contents)
  if (found === checksum) return
  const hex = (word: number) => `0x${word.toString(16).padStart(8, '0')}`
  throw new FormatError(
    offset + end - 4,
    `the checksum of what the zstd frame at 0x${(offset + start).toString(16)} holds, ${hex(found)}`,
    `${hex(checksum)}: the file is damaged`,
  )
}
