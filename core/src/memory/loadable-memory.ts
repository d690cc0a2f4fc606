import { shown } from './arguments.ts'
import type { Gpa, GpaRange } from './gpa.ts'
import { GuestMemory } from './guest-memory.ts'
import { zeroWords } from './place.ts'
import { Region } from './region.ts'
import { PAGE_BYTES } from './write-log.ts'

/**
 * Guest RAM that is brought from a file piece by piece: a page must be put there before it is read, or reading it throws
 * NotLoadedError. Loading does not make a page dirty. A fork of it cannot be loaded.
 */
export class LoadableMemory extends GuestMemory {
  constructor(ranges: readonly GpaRange[]) {
    super()
    // RAM may be in 60,000 pieces: a page of zeros for each would be 240 MB.
    const zeros = zeroWords(PAGE_BYTES)
    for (const { base, bytes } of ranges) this.add(new Region({ base, bytes, backing: 'loaded' }, zeros))
  }

  /**
   * Puts the bytes of a whole page where it belongs; nothing outside RAM. `at` is the page's address. @throws RangeError for an address
   * at which no page of a region begins, or more bytes than a page has.
   */
  load(at: Gpa, page: Uint8Array): void {
    const region = this.region(at)
    if (region !== undefined && (at - region.base) % PAGE_BYTES !== 0) throw new RangeError(`no page begins at ${shown(at)}`)
    if (!(page instanceof Uint8Array) || page.length > PAGE_BYTES) throw new RangeError(`${shown(page)} is no page`)
    region?.load(at - region.base, page)
  }

  /** Says that the page at `at` holds zeros, and with `bytes` all pages of so many bytes, but those that hold something already. */
  loadZeros(at: Gpa, bytes = 1): void {
    for (const { base, bytes: length } of this.notLoaded({ base: at, bytes })) {
      const region = this.region(base)!
      region.loadZeros(base - region.base, base + length - region.base)
    }
  }
}
