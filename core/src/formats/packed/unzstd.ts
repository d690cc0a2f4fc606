import { bytesSource } from '../byte-source.ts'
import { Damaged } from './decoder.ts'
import { ZstdDecoder } from './zstd-decoder.ts'

/**
 * Decompresses zstd frames that lie at `offset` and hold `bytes` bytes together.
 *
 * @throws FormatError with the byte that is not what it should be, Damaged where they hold more or less.
 */
export async function unzstd(packed: Uint8Array, bytes: number, offset: number): Promise<Uint8Array> {
  const decoder = new ZstdDecoder(bytesSource(packed), offset)
  const contents = new Uint8Array(bytes)
  for (let made = await decoder.more(); made > 0; made = await decoder.more()) {
    const { history } = decoder
    if (history.offset > bytes) throw new Damaged(`more than ${bytes} bytes`)
    contents.set(history.last(made), history.offset - made)
  }
  if (decoder.history.offset < bytes) throw new Damaged(`${decoder.history.offset} bytes of ${bytes}`)
  return contents
}
