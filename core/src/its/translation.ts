import { commandErrors } from '../abi/index.ts'
import { errnos } from '../memory/index.ts'
import type { Its } from './its.ts'

/**
 * Translates an event and makes its LPI pending: what INT does, and an MSI that no cached translation answers.
 *
 * @returns 0 when pending; INT_UNMAPPED_INTERRUPT when the event or its collection is not mapped; -EBUSY while the ITS is disabled or
 * the target has LPIs disabled.
 * @source vgic-its.c vgic_its_trigger_msi, vgic_its_resolve_lpi
 */
export function triggerMsi(its: Its, deviceId: number, eventId: number): number {
  return its.enabled ? triggerEvent(its, its.find(deviceId, eventId)) : -errnos.EBUSY
}

/** As `triggerMsi` with the ITS enabled, for an event that was looked up already. */
export function triggerEvent(its: Its, index: number): number {
  const vcpu = index < 0 ? -1 : its.targetOf(index)
  if (vcpu < 0) return commandErrors.INT_UNMAPPED_INTERRUPT.code
  const { gic, events } = its
  if (!gic.redistributors[vcpu]!.enableLpis) return -errnos.EBUSY
  const lpi = events.lpi(index)
  if (its.caches && !gic.lpis.isForwarded(lpi)) events.cache(index)
  gic.lpis.raise(lpi)
  return 0
}
