import { FIRST_LPI, ID_LIMIT } from '../abi/index.ts'
import { lpiConfigurations } from '../tables/index.ts'
import { type Evidence, evidence } from './finding.ts'
import { type GuestKind, guestKind } from './guest-kind.ts'
import type { MappedDevice } from './mappings.ts'
import { deviceName, itsName } from './names.ts'
import { rowBeliefs } from './row-beliefs.ts'
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
  readonly #configuration: ReturnType<typeof lpiConfigurations>
  /** By LPI, one more than the place in `#devices` of the device whose live event has it, in whatever ITS: LPIs are the whole VM's. */
  readonly #owners = new Uint32Array(ID_LIMIT)
  readonly #devices: { readonly deviceId: number; readonly suffix: string }[] = []

  constructor(scene: Scene) {
    this.#scene = scene
    this.#guest = guestKind(scene.memory, scene.registers, scene.saved)
    this.#configuration = lpiConfigurations(scene.memory, scene.registers)
    for (const other of scene.vm) if (other !== scene) this.#ownedIn(other, itsName(other.its))
    this.#ownedIn(scene, '')
  }

  #ownedIn(scene: Scene, suffix: string): void {
    const { devices, events } = scene.tables.mappings
    const beliefs = rowBeliefs(scene)
    for (const { deviceId, first, count } of devices) {
      const owner = this.#devices.push({ deviceId, suffix })
      for (let row = first; row < first + count; row++) {
        if (events.lpi[row]! < ID_LIMIT && beliefs[row] === 'live') this.#owners[events.lpi[row]!] = owner
      }
    }
  }

  /** A live event has this LPI. */
  isTaken(lpi: number): boolean {
    return lpi < ID_LIMIT && this.#owners[lpi] !== 0
  }

  /** What speaks for or against a dead event with this LPI. */
  onEvent(lpi: number): Evidence[] {
    if (lpi < FIRST_LPI || lpi >= ID_LIMIT) return []
    const owner = this.#devices[this.#owners[lpi]! - 1]
    if (owner !== undefined) {
      const name = deviceName(owner.deviceId) + owner.suffix
      return [evidence('R-lpi-taken', `LPI ${lpi} is a live event's of ${name}`, undefined)]
    }
    const { at, isEnabled } = this.#configuration(lpi)
    if (isEnabled === undefined) return []
    if (!isEnabled) return [evidence('R-lpi-off', `LPI ${lpi} is disabled`, at)]
    return this.#guest === 'Xen'
      ? [evidence('R-lpi-xen', `LPI ${lpi} is enabled, as all are that Xen ever had`, at)]
      : [evidence('R-lpi-on', `LPI ${lpi} is enabled, and no live event has it`, at, true)]
  }

  /** Undefined where the configuration cannot be read. */
  isEnabled(lpi: number): boolean | undefined {
    return this.#configuration(lpi).isEnabled
  }

  /** A driver may wait for it: it is not known to be disabled, as it is before its event is freed. */
  mayBeAwaited(lpi: number): boolean {
    return this.isEnabled(lpi) !== false
  }

  /** What speaks for or against a dead device with these events. */
  onDevice({ first, count }: MappedDevice): Evidence[] {
    const { lpi } = this.#scene.tables.mappings.events
    const asked = Array.from({ length: Math.min(count, MOST_ASKED) }, (_, i) => this.onEvent(lpi[first + i]!)).flat()
    return asked.some(({ against }) => against) ? asked.filter(({ against }) => against) : asked.slice(0, 1)
  }
}
