import { createHash } from 'node:crypto'
import { type Gpa, PAGE_BYTES, type ReadonlyMemory } from '../index.ts'

/** A hash of every byte of guest RAM that is loaded; of pages known to be zero that follow each other, the first is read. */
export function digest(memory: ReadonlyMemory): string {
  const hash = createHash('sha256')
  const cursor = memory.cursor()
  for (const { base, bytes } of memory.ranges) {
    for (let offset = 0; offset < bytes; ) {
      const at = (base + offset) as Gpa
      const length = Math.min(PAGE_BYTES, bytes - offset)
      offset += length
      if (!memory.isLoaded(at)) continue
      cursor.seek(at)
      const zeros = cursor.knownZeros(bytes) * 8
      hash.update(`${at} ${zeros} `).update(memory.read(at, length))
      offset += Math.max(0, zeros - length)
    }
  }
  return hash.digest('hex')
}
