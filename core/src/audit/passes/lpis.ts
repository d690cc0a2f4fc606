import { FIRST_LPI, GICR_PENDBASER, ID_LIMIT } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { declared, type Suspect, suspect } from '../finding.ts'
import { ifThere } from '../if-there.ts'
import type { Scene } from '../scene.ts'
import type { Orphans } from './orphans.ts'

const BYTES = ID_LIMIT / 8
/** The word of a pending table that holds the first LPI. */
const FIRST_WORD = FIRST_LPI / 32

/** Pending bits of LPIs that no live event sends to that vCPU. */
export function* lpiPass(scene: Scene, orphans: Orphans): Generator<Suspect> {
  const expected = targets(scene, orphans)
  for (const { vcpuId, pendbaser } of scene.registers.redistributors) {
    const base = GICR_PENDBASER.unpack(pendbaser).address + FIRST_LPI / 8
    const pending = ifThere(() => scene.memory.read(base as Gpa, BYTES - FIRST_LPI / 8))
    if (pending === undefined) continue
    const mapped = expected.get(vcpuId)!
    let count = 0
    let first = 0
    new Int32Array(pending.buffer).forEach((word, i) => {
      for (let stray = word & ~mapped[FIRST_WORD + i]!; stray !== 0; stray &= stray - 1) {
        if (count++ === 0) first = (FIRST_WORD + i) * 32 + 31 - Math.clz32(stray & -stray)
      }
    })
    if (count > 0) yield suspect('L403', { lpi: first, vcpuId, count }, { effect: declared('note') })
  }
}

/** vCPU to the LPIs that live events send to it, one bit each. */
function targets({ registers, tables: { mappings } }: Scene, orphans: Orphans): ReadonlyMap<number | undefined, Int32Array> {
  const found = new Map<number | undefined, Int32Array>()
  for (const { vcpuId } of registers.redistributors) found.set(vcpuId, new Int32Array(BYTES / 4))
  const { eventId, lpi, icid } = mappings.events
  for (const { deviceId, first, count } of mappings.devices) {
    for (let row = first; row < first + count; row++) {
      const sent = found.get(mappings.collections.get(icid[row]!))
      if (sent === undefined || orphans.hasEvent(deviceId, eventId[row]!)) continue
      // What is no LPI has no place in the table, and a write past its end is none.
      sent[lpi[row]! >>> 5]! |= 1 << (lpi[row]! & 31)
    }
  }
  return found
}
