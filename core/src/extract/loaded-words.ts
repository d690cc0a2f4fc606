import { ENTRY_BYTES } from '../abi/index.ts'
import { type Gpa, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'

/** True when a byte is in RAM and needs no loading. */
export function isReadable(memory: ReadonlyMemory, at: Gpa): boolean {
  return memory.contains(at) && memory.isLoaded(at)
}

/** Gives the index and the halves of each word from `base` on that is not zero, in RAM and loaded. */
export function* nonZeroWords(
  memory: ReadonlyMemory,
  base: Gpa,
  words: number,
): Generator<readonly [index: number, lo: number, hi: number, at: Gpa]> {
  const cursor = memory.cursor()
  for (let index = 0; index < words; ) {
    const at = (base + index * ENTRY_BYTES) as Gpa
    if (!isReadable(memory, at)) {
      index += Math.min(words - index, (PAGE_BYTES - (at % PAGE_BYTES)) / ENTRY_BYTES)
      continue
    }
    cursor.seek(at)
    const left = words - index
    const zeros = cursor.knownZeros(left)
    if (zeros > 0) {
      index += zeros
      continue
    }
    // A write to the page may move it, so no more than it is read at a time, and nothing is kept.
    const end = index + Math.min(cursor.run, left, (PAGE_BYTES - (at % PAGE_BYTES)) / ENTRY_BYTES)
    for (const first = cursor.index - 2 * index, { words: halves } = cursor; index < end; index++) {
      const [lo, hi] = [halves[first + 2 * index]! >>> 0, halves[first + 2 * index + 1]! >>> 0]
      if ((lo | hi) !== 0) yield [index, lo, hi, (base + index * ENTRY_BYTES) as Gpa]
    }
  }
}
