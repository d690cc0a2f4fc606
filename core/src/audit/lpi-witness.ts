import { FIRST_LPI, ID_LIMIT } from '../abi/index.ts'
import { lpiConfiguration } from '../tables/index.ts'
import { type Evidence, evidence } from './finding.ts'
import { type GuestKind, guestKind } from './guest-kind.ts'
import type { MappedDevice } from './mappings.ts'
import { deviceName, itsName } from './names.ts'
import type { Scene } from './scene.ts'

/** Events of one device that are asked about. */
const MOST_ASKED = 16

/**
 * The LPIs as a witness: a driver disables an LPI before it frees it, so a dead event's LPI is disabled, or has gone to a live
 * event. One that is enabled and that no live event has speaks for its event.
 */
export class LpiWitness {
  readonly #scene: Scene
  readonly #guest: GuestKind
  /** The live event's device that has each LPI, in whatever ITS: LPIs are the whole VM's. */
  readonly #owners = new Map<number, string>()

  constructor(scene: Scene) {
    this.#scene = scene
    this.#guest = guestKind(scene.memory, scene.registers, scene.saved)
    for (const other of scene.vm) if (other !== scene) this.#ownedIn(other, itsName(other.its))
    this.#ownedIn(scene, '')
  }

  #ownedIn({ beliefs, tables: { mappings } }: Scene, suffix: string): void {
    const { eventId, lpi } = mappings.events
    for (const { deviceId, first, count } of mappings.devices) {
      const name = deviceName(deviceId) + suffix
      for (let row = first; row < first + count; row++) {
        if (lpi[row]! < ID_LIMIT && beliefs.eventBelief(deviceId, eventId[row]!) === 'live') this.#owners.set(lpi[row]!, name)
      }
    }
  }

  /** A live event has this LPI. */
  isTaken(lpi: number): boolean {
    return this.#owners.has(lpi)
  }

  /** What speaks for or against a dead event with this LPI. */
  onEvent(lpi: number): Evidence[] {
    if (lpi < FIRST_LPI || lpi >= ID_LIMIT) return []
    const owner = this.#owners.get(lpi)
    if (owner !== undefined) return [evidence('R-lpi-taken', `LPI ${lpi} is a live event's of ${owner}`, undefined)]
    const { at, isEnabled } = lpiConfiguration(this.#scene.memory, this.#scene.registers, lpi)
    if (isEnabled === undefined) return []
    if (!isEnabled) return [evidence('R-lpi-off', `LPI ${lpi} is disabled`, at)]
    return this.#guest === 'Xen'
      ? [evidence('R-lpi-xen', `LPI ${lpi} is enabled, as all are that Xen ever had`, at)]
      : [evidence('R-lpi-on', `LPI ${lpi} is enabled, and no live event has it`, at, true)]
  }

  /** Undefined where the configuration cannot be read. */
  isEnabled(lpi: number): boolean | undefined {
    return lpiConfiguration(this.#scene.memory, this.#scene.registers, lpi).isEnabled
  }

  /** What speaks for or against a dead device with these events. */
  onDevice({ first, count }: MappedDevice): Evidence[] {
    const { lpi } = this.#scene.tables.mappings.events
    const asked = Array.from({ length: Math.min(count, MOST_ASKED) }, (_, i) => this.onEvent(lpi[first + i]!)).flat()
    return asked.some(({ against }) => against) ? asked.filter(({ against }) => against) : asked.slice(0, 1)
  }
}
