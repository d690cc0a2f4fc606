import { type ByteSource, readExactly } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { Damaged } from '../packed/decoder.ts'
import { unlzo1x } from '../packed/lzo1x.ts'
import { unsnappy } from '../packed/snappy.ts'
import { unzlib } from '../packed/unzlib.ts'
import { unzstd } from '../packed/unzstd.ts'
import { together } from '../together.ts'
import type { Bitmap } from './bitmap.ts'

/** `struct page_desc`: where the contents of a page lie, how long they are, how they are packed, and the kernel's flags of it. */
const DESCRIPTOR = { offset: 0, size: 8, flags: 12, bytes: 24 } as const

type Packing = (packed: Uint8Array, bytes: number, offset: number) => Uint8Array | Promise<Uint8Array>

/** By what the flags of a descriptor say: `DUMP_DH_COMPRESSED_*`. */
const packings: ReadonlyMap<number, readonly [name: string, unpack: Packing]> = new Map<number, readonly [string, Packing]>([
  [1, ['zlib', unzlib]],
  [2, ['LZO', unlzo1x]],
  [4, ['snappy', unsnappy]],
  [0x20, ['zstd', unzstd]],
])

/** A page of a dump that is asked for, and where what it holds lies. */
interface PlacedBlock {
  readonly pfn: number
  readonly offset: number
  readonly size: number
  readonly flags: number
}

export interface BlockPlaces {
  readonly source: ByteSource
  /** The pages that the dump has. */
  readonly present: Bitmap
  /** Where their descriptors begin: one for each, in order. */
  readonly descriptors: number
  readonly blockBytes: number
}

/**
 * Reads pages of a dump by their numbers, which are in order and in it, and hands each to `use`; those that lie close together are read
 * at once, and what several share is unpacked once.
 *
 * @throws FormatError with the byte of the descriptor or of the contents that are not what they should be.
 */
export async function readBlocks(
  places: BlockPlaces,
  pfns: readonly number[],
  use: (pfn: number, contents: Uint8Array) => void,
): Promise<void> {
  const { source, blockBytes } = places
  const placed = (await placesOf(places, pfns)).sort((a, b) => a.offset - b.offset)
  let last: { readonly block: PlacedBlock; readonly contents: Uint8Array } | undefined
  for (const { start, bytes, items } of together(placed, ({ offset, size }) => ({ offset, bytes: size }))) {
    const read = await readExactly(source, start, bytes, 'the contents of a page')
    for (const block of items) {
      const { offset, size, flags } = block
      const isSame = last?.block.offset === offset && last.block.size === size && last.block.flags === flags
      if (!isSame || last === undefined) {
        const packed = read.subarray(offset - start, offset - start + size)
        last = { block, contents: await contentsOf(block, packed, blockBytes) }
      }
      use(block.pfn, last.contents)
    }
  }
}

/** Reads the descriptors of pages, and holds each against what can be. */
async function placesOf(places: BlockPlaces, pfns: readonly number[]): Promise<PlacedBlock[]> {
  const { source, present, descriptors, blockBytes } = places
  const wanted = pfns.map((pfn) => ({ pfn, at: descriptors + DESCRIPTOR.bytes * present.rank(pfn) }))
  const placed: PlacedBlock[] = []
  for (const { start, bytes, items } of together(wanted, ({ at }) => ({ offset: at, bytes: DESCRIPTOR.bytes }))) {
    const read = await readExactly(source, start, bytes, 'the descriptor of a page')
    const view = new DataView(read.buffer, read.byteOffset, read.length)
    for (const { pfn, at } of items) {
      const here = at - start
      const offset = Number(view.getBigInt64(here + DESCRIPTOR.offset, true))
      const size = view.getUint32(here + DESCRIPTOR.size, true)
      const flags = view.getUint32(here + DESCRIPTOR.flags, true)
      if (size === 0 || size > blockBytes || (flags === 0 && size !== blockBytes))
        throw new FormatError(at + DESCRIPTOR.size, `${flags === 0 ? '' : 'at most '}${blockBytes} bytes of a page`, `${size}`)
      if (offset <= 0 || offset + size > source.byteLength)
        throw new FormatError(at, 'a page inside the file', `one at 0x${offset.toString(16)}`)
      if (flags !== 0 && !packings.has(flags))
        throw new FormatError(
          at + DESCRIPTOR.flags,
          'a page that is packed in a way that is known',
          `flags 0x${flags.toString(16)}`,
        )
      placed.push({ pfn, offset, size, flags })
    }
  }
  return placed
}

async function contentsOf({ offset, flags }: PlacedBlock, packed: Uint8Array, bytes: number): Promise<Uint8Array> {
  const packing = packings.get(flags)
  if (packing === undefined) return packed
  const [name, unpack] = packing
  const expected = `a page of ${bytes} bytes packed with ${name}`
  try {
    const contents = await unpack(packed, bytes, offset)
    if (contents.length !== bytes) throw new Damaged(`${contents.length} bytes`)
    return contents
  } catch (error) {
    if (!(error instanceof Damaged)) throw error
    throw new FormatError(offset, expected, error.message, { cause: error })
  }
}
