import { coalesce, type Gpa, type GpaRange, type LoadableMemory, PAGE_BYTES } from '../../memory/index.ts'
import { type ByteSource, readExactly } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { guestRam, type NamedRange } from '../guest-ram.ts'
import { pagesIn } from '../page-runs.ts'
import { Bitmap } from './bitmap.ts'
import { type BlockPlaces, readBlocks } from './kdump-blocks.ts'
import { type KdumpHeader, readKdumpHeader } from './kdump-header.ts'

/** Bits of `dump_level`: pages that are zeros were left out; all others are of pages that have contents. */
const ZERO_PAGES = 1
/** What memory is plugged in is fewer, if not made to hurt. */
export const MOST_RANGES = 2 ** 16
/** Pages of the dump that are read and unpacked before the next are. */
const BATCH = 64

/** Guest RAM in a kdump-compressed file. */
export class Kdump {
  readonly ranges: readonly GpaRange[]
  readonly vcpus: number
  readonly #places: BlockPlaces
  /** Pages that are not in the dump had contents, as far as anyone knows. */
  readonly #isPartial: boolean

  /** `ram`: the pages that were RAM. */
  constructor(header: KdumpHeader, ranges: readonly GpaRange[], places: BlockPlaces) {
    this.vcpus = header.vcpus
    this.ranges = ranges
    this.#places = places
    this.#isPartial = (header.dumpLevel & ~ZERO_PAGES) !== 0
  }

  async load(memory: LoadableMemory, ranges: readonly GpaRange[]): Promise<void> {
    const { blockBytes, present } = this.#places
    const wanted = new Map<number, Gpa[]>()
    for (const at of pagesIn(this.ranges, ranges)) {
      if (memory.isLoaded(at)) continue
      const pfn = Math.floor(at / blockBytes)
      const pages = wanted.get(pfn)
      if (!present.has(pfn)) memory.loadZeros(at)
      else if (pages === undefined) wanted.set(pfn, [at])
      else pages.push(at)
    }
    const pfns = [...wanted.keys()].sort((a, b) => a - b)
    for (let first = 0; first < pfns.length; first += BATCH) {
      await readBlocks(this.#places, pfns.slice(first, first + BATCH), (pfn, contents) => {
        for (const at of wanted.get(pfn)!) {
          const offset = at - pfn * blockBytes
          memory.load(at, contents.subarray(offset, offset + PAGE_BYTES))
        }
      })
    }
  }

  zeros(ranges: readonly GpaRange[]): GpaRange[] {
    const { blockBytes, present } = this.#places
    const zeros = [...pagesIn(this.ranges, ranges)].filter((at) => !present.has(Math.floor(at / blockBytes)))
    return coalesce(zeros.map((base) => ({ base, bytes: PAGE_BYTES })))
  }

  missingPages(ranges: readonly GpaRange[]): Gpa[] {
    const { blockBytes, present } = this.#places
    if (!this.#isPartial) return []
    return [...pagesIn(this.ranges, ranges)].filter((at) => !present.has(Math.floor(at / blockBytes)))
  }
}

/** Finds the pages in a kdump-compressed file, without reading one of them. */
export async function readKdump(source: ByteSource): Promise<Kdump> {
  const header = await readKdumpHeader(source)
  const { blockBytes, bitmaps, bitmapBytes, maxPfn } = header
  const bitmap = async (index: number): Promise<Bitmap> =>
    new Bitmap(await readExactly(source, bitmaps + index * bitmapBytes, bitmapBytes, 'the bitmaps of a kdump file'), maxPfn)
  const ram = await bitmap(0)
  const present = await bitmap(1)
  const runs: NamedRange[] = []
  for (const [first, count] of ram.runs()) {
    if (runs.length === MOST_RANGES) throw new FormatError(bitmaps, `RAM in at most ${MOST_RANGES} pieces`, 'more')
    runs.push({ base: (first * blockBytes) as Gpa, bytes: count * blockBytes, name: `page ${first}` })
  }
  const ranges = guestRam(runs, bitmaps)
  return new Kdump(header, ranges, { source, present, descriptors: bitmaps + 2 * bitmapBytes, blockBytes })
}
