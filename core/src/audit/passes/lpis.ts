import { FIRST_LPI, GICR_PENDBASER, ID_LIMIT } from '../../abi/index.ts'
import type { Gpa, ReadCursor, ReadonlyMemory } from '../../memory/index.ts'
import { declared, type Suspect, suspect } from '../finding.ts'
import type { Scene } from '../scene.ts'
import type { Orphans } from './orphans.ts'

/** 32-bit words of a pending table, and the one that holds the first LPI. */
const WORDS = ID_LIMIT / 32
const FIRST_WORD = FIRST_LPI / 32

/** Pending bits of LPIs that no live event sends to that vCPU. */
export function* lpiPass(scene: Scene, orphans: Orphans): Generator<Suspect> {
  const expected = targets(scene, orphans)
  for (const { vcpuId, pendbaser } of scene.registers.redistributors) {
    const lpis = pendingLpis(scene.memory, GICR_PENDBASER.unpack(pendbaser).address)
    const stray = lpis.filter((lpi) => expected.get(vcpuId)?.has(lpi) !== true)
    if (stray.length > 0) yield suspect('L403', { lpi: stray[0]!, vcpuId, count: stray.length }, { effect: declared('note') })
  }
}

/** The LPIs whose bits are set in a pending table, in order; none when not all of it is there to be read. */
function pendingLpis(memory: ReadonlyMemory, table: number): number[] {
  const found: number[] = []
  const base = (table + FIRST_WORD * 4) as Gpa
  const bytes = (WORDS - FIRST_WORD) * 4
  if (!memory.contains(base, bytes) || !memory.isLoaded(base, bytes)) return found
  const cursor = memory.cursor()
  for (let word = FIRST_WORD; word < WORDS; ) {
    cursor.seek((table + word * 4) as Gpa)
    const left = (WORDS - word) / 2
    const zeros = cursor.knownZeros(left)
    const run = zeros > 0 ? zeros : Math.min(cursor.run, left)
    if (zeros === 0) addBits(cursor, word * 32, 2 * run, found)
    word += 2 * run
  }
  return found
}

/** Adds the numbers of the bits that are set in `count` 32-bit words from the cursor on, of which the first has bit `first`. */
function addBits({ words, index }: ReadCursor, first: number, count: number, found: number[]): void {
  for (let word = 0; word < count; word++) {
    for (let bits = words[index + word]!; bits !== 0; bits &= bits - 1)
      found.push(first + word * 32 + 31 - Math.clz32(bits & -bits))
  }
}

/** vCPU to the LPIs that live events send to it. */
function targets({ tables: { mappings } }: Scene, orphans: Orphans): ReadonlyMap<number, ReadonlySet<number>> {
  const found = new Map<number, Set<number>>()
  const { eventId, lpi, icid } = mappings.events
  for (const { deviceId, first, count } of mappings.devices) {
    for (let row = first; row < first + count; row++) {
      const vcpuId = mappings.collections.get(icid[row]!)
      if (vcpuId === undefined || orphans.hasEvent(deviceId, eventId[row]!)) continue
      const lpis = found.get(vcpuId) ?? new Set()
      found.set(vcpuId, lpis.add(lpi[row]!))
    }
  }
  return found
}
