import { ENTRY_BYTES } from '../abi/index.ts'
import { type Gpa, type GuestMemory, PAGE_BYTES } from '../memory/index.ts'

/**
 * Zeroes the entries from `base` on that are not zero, as far as they are in guest RAM. A page that holds zeros only is read and
 * neither written nor marked dirty.
 *
 * @returns how many entries were not zero.
 */
export function clearEntries(memory: GuestMemory, base: number, entries: number): number {
  let cleared = 0
  for (let entry = 0; entry < entries; ) {
    const at = (base + entry * ENTRY_BYTES) as Gpa
    const region = memory.seek(at)
    if (region === undefined) {
      entry += (PAGE_BYTES - (at % PAGE_BYTES)) / ENTRY_BYTES
      continue
    }
    const run = Math.min(region.run, entries - entry)
    const zeros = zeroEntries(region.words, region.index, run)
    entry += zeros
    if (zeros === run) continue
    const inPage = Math.min(entries - entry, (PAGE_BYTES - ((base + entry * ENTRY_BYTES) % PAGE_BYTES)) / ENTRY_BYTES)
    cleared += clearInPage(memory, (base + entry * ENTRY_BYTES) as Gpa, inPage)
    entry += inPage
  }
  return cleared
}

/** Counts the entries that are zero from `index` on, at most `limit`. Unlike `skipZeros` it takes no lone bit 63 for zero. */
function zeroEntries(words: Int32Array, index: number, limit: number): number {
  const end = index + 2 * limit
  let at = index
  for (const last = end - 15; at < last; at += 16) {
    if (
      (words[at]! |
        words[at + 1]! |
        words[at + 2]! |
        words[at + 3]! |
        words[at + 4]! |
        words[at + 5]! |
        words[at + 6]! |
        words[at + 7]! |
        words[at + 8]! |
        words[at + 9]! |
        words[at + 10]! |
        words[at + 11]! |
        words[at + 12]! |
        words[at + 13]! |
        words[at + 14]! |
        words[at + 15]!) !==
      0
    )
      break
  }
  while (at < end && (words[at]! | words[at + 1]!) === 0) at += 2
  return (at - index) / 2
}

function clearInPage(memory: GuestMemory, at: Gpa, entries: number): number {
  const { words, index } = memory.seekForWrite(at)!
  let cleared = 0
  for (let word = index; word < index + 2 * entries; word += 2) {
    if ((words[word]! | words[word + 1]!) === 0) continue
    words[word] = 0
    words[word + 1] = 0
    cleared++
  }
  return cleared
}
