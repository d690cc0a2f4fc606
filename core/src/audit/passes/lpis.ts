import { pendingLpis } from '../../tables/index.ts'
import { declared, type Suspect, suspect } from '../finding.ts'
import type { Scene } from '../scene.ts'
import type { Orphans } from './orphans.ts'

/** Pending bits of LPIs that no live event sends to that vCPU. */
export function* lpiPass(scene: Scene, orphans: Orphans): Generator<Suspect> {
  const expected = targets(scene, orphans)
  for (const { vcpuId, pendbaser } of scene.registers.redistributors) {
    const { lpis } = pendingLpis(scene.memory, pendbaser)
    const stray = lpis.filter((lpi) => expected.get(vcpuId)?.has(lpi) !== true)
    if (stray.length > 0) yield suspect('L403', { lpi: stray[0]!, vcpuId, count: stray.length }, { effect: declared('note') })
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
