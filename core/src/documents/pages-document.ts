import { hex } from '../abi/index.ts'
import { type GpaRange, PAGE_BYTES } from '../memory/index.ts'
import type { PageUse, TableUse } from '../tables/index.ts'
import type { Address } from './hexadecimal.ts'

/** What `vits pages --json` prints. */
export interface PagesDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  readonly pageBytes: number
  /** Whole pages that a save writes or a restore reads, in address order: what must not be lost. */
  readonly pages: readonly RangeDocument[]
  /** By cause: as the registers and tables have them, not rounded to pages; they may overlap. */
  readonly uses: readonly UseDocument[]
}

export interface RangeDocument {
  readonly base: Address
  readonly bytes: number
}

export interface UseDocument extends RangeDocument {
  readonly what: TableUse
  /** The ITS: its place in the machine; null for the LPI tables, which are the whole VM's. */
  readonly its: number | null
  /** Whose ITT it is. */
  readonly deviceId?: number
  /** Whose pending table it is. */
  readonly vcpuId?: number
  /** KVM writes it on a save, unseen by whoever tracks the guest's writes. */
  readonly saveWrites: boolean
  /** KVM reads it on a restore. */
  readonly restoreReads: boolean
}

/** @param pages what `uses` come to in whole pages of RAM */
export const pagesDocument = (uses: readonly PageUse[], pages: readonly GpaRange[]): PagesDocument => ({
  schema: 1,
  pageBytes: PAGE_BYTES,
  pages: pages.map(rangeDocument),
  uses: uses.map((use) => ({ ...use, ...rangeDocument(use), its: use.its ?? null })),
})

const rangeDocument = ({ base, bytes }: GpaRange): RangeDocument => ({ base: hex(base), bytes })
