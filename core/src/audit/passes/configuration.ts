import { ENTRY_BYTES, type MsiFunction } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { lpiConfiguration } from '../../tables/index.ts'
import { entryAt } from '../entries.ts'
import { declared, evidence, type Suspect, suspect } from '../finding.ts'
import { guestKind } from '../guest-kind.ts'
import { place } from '../names.ts'
import { ruleOfTarget } from '../pci-witness.ts'
import type { Scene } from '../scene.ts'

/** A live event whose vector is set and unmasked. */
interface Awaited {
  readonly deviceId: number
  readonly eventId: number
  readonly lpi: number
  readonly at: Gpa
  readonly isEnabled: boolean
  /** What tells that the vector sends this event. */
  readonly rule: ReturnType<typeof ruleOfTarget>
}

/**
 * LPIs that are disabled while the vectors of their live events are unmasked, device by device. Linux switches both together, the
 * vector first; other guests may mask by the LPI alone. Where no LPI is enabled, the guest has not come to that, or the table is lost.
 */
export function* configurationPass(scene: Scene): Generator<Suspect> {
  const { memory, registers, saved } = scene
  if (guestKind(memory, registers, saved) !== 'Linux') return
  const all = scene.msi.flatMap((part) => [...awaited(scene, part)])
  if (!all.some(({ isEnabled }) => isEnabled)) return
  const byDevice = new Map<number, Awaited[]>()
  for (const one of all) {
    if (!one.isEnabled) byDevice.set(one.deviceId, [...(byDevice.get(one.deviceId) ?? []), one])
  }
  for (const [deviceId, off] of byDevice) yield disabledLpis(scene, deviceId, off)
}

function* awaited({ memory, registers, its, tables, beliefs }: Scene, part: MsiFunction): Generator<Awaited> {
  const { deviceId, enabled, asleep, vectors } = part
  const device = tables.mappings.device(deviceId)
  if (!enabled || asleep === true || device === undefined) return
  for (const { target, masked, data: eventId } of vectors) {
    const isHere = (target.kind === 'translater' || target.kind === 'translated') && target.its === its.index
    const row = tables.mappings.row(deviceId, eventId)
    if (!isHere || masked || row < 0 || beliefs.eventBelief(deviceId, eventId) !== 'live') continue
    const lpi = tables.mappings.events.lpi[row]!
    const { isEnabled } = lpiConfiguration(memory, registers, lpi)
    if (isEnabled === undefined) continue
    const at = (device.ittAddr + eventId * ENTRY_BYTES) as Gpa
    yield { deviceId, eventId, lpi, at, isEnabled, rule: ruleOfTarget(target) }
  }
}

const MOST_ROWS = 8

function disabledLpis({ memory, registers }: Scene, deviceId: number, off: readonly Awaited[]): Suspect {
  const [{ eventId, lpi, at, rule }] = off as readonly [Awaited]
  return suspect(
    'L406',
    { deviceId, eventId, lpi, count: off.length },
    {
      confidence: 'inferred',
      deviceId,
      eventId,
      at,
      rows: off.slice(0, MOST_ROWS).map((one) => entryAt(memory, 'ITE', one.at, place(one), 'disabled')),
      evidence: [
        evidence(rule, `the vector of event ${eventId} is set and not masked`, undefined),
        evidence('R-lpi-off', `LPI ${lpi} is disabled`, lpiConfiguration(memory, registers, lpi).at),
      ],
      effect: declared('note'),
    },
  )
}
