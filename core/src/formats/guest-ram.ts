import { coalesce, GPA_LIMIT, type GpaRange, PAGE_BYTES } from '../memory/index.ts'
import { FormatError } from './format-error.ts'

/** No machine has more RAM. */
export const LARGEST_RAM = 2 ** 44

/** A part of guest RAM as a file names it. */
export interface NamedRange extends GpaRange {
  readonly name: string
}

/**
 * Guest RAM of these parts, in address order.
 *
 * @throws FormatError naming `offset`, where the file lists them, when there is none, too much of it, two parts are at the same place,
 * or one is not of whole pages.
 */
export function guestRam(parts: readonly NamedRange[], offset: number): GpaRange[] {
  let [bytes, end] = [0, 0]
  for (const part of [...parts].sort((a, b) => a.base - b.base)) {
    if (part.base < end) throw new FormatError(offset, 'RAM blocks apart from each other', `"${part.name}" in another one`)
    end = part.base + part.bytes
    bytes += part.bytes
    const isWhole = part.base % PAGE_BYTES === 0 && part.bytes % PAGE_BYTES === 0
    if (!isWhole || end > GPA_LIMIT) throw new FormatError(offset, 'whole pages of RAM below 2^52', `"${part.name}"`)
  }
  if (bytes === 0 || bytes > LARGEST_RAM) throw new FormatError(offset, 'guest RAM', `${bytes} bytes of it`)
  return coalesce(parts)
}
