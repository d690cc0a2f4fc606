import { PAGE_BYTES } from '../../memory/index.ts'
import { readExactly } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import type { StreamReader } from '../stream-reader.ts'
import type { MappedPages } from './ram-block.ts'

const HEADER_BYTES = 4 + 8 + 8 + 8

/**
 * Reads the header of a block of a mapped-ram file and its bitmap, and moves on behind its pages: there the stream goes on.
 *
 * @source QEMU docs/devel/migration/mapped-ram.rst, "On-disk format"
 */
export async function mappedPages(reader: StreamReader, blockBytes: number): Promise<MappedPages> {
  await reader.need(HEADER_BYTES, 'the header of a mapped-ram block')
  const at = reader.offset
  const version = reader.u32()
  if (version !== 1) throw new FormatError(at, 'version 1 of a mapped-ram block', `${version}`)
  const pageSize = reader.u64()
  if (pageSize !== PAGE_BYTES) throw new FormatError(at + 4, `pages of ${PAGE_BYTES} bytes`, `${pageSize}`)
  const bitmapOffset = reader.u64()
  const pagesOffset = reader.u64()
  const bitmapBytes = Math.ceil(blockBytes / PAGE_BYTES / 8)
  if (bitmapOffset < reader.offset || bitmapOffset + bitmapBytes > pagesOffset) {
    throw new FormatError(at + 12, 'a bitmap between its header and the pages', `0x${bitmapOffset.toString(16)}`)
  }
  const bitmap = await readExactly(reader.source, bitmapOffset, bitmapBytes, 'the bitmap of a mapped-ram block')
  reader.skip(pagesOffset + blockBytes - reader.offset, 'the pages of a mapped-ram block')
  return { bitmap: bitmap.slice(), bitmapOffset, pagesOffset }
}
