import { FIRST_LPI, GICR_PROPBASER, ID_LIMIT, LPI_CONFIG } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import type { Evidence } from './finding.ts'
import { ifThere } from './if-there.ts'
import type { MappedDevice } from './mappings.ts'
import { deviceName } from './names.ts'
import type { Scene } from './scene.ts'

/** Events of one device that are asked about. */
const MOST_ASKED = 16

/**
 * The LPIs as a witness: a driver disables an LPI before it frees it, so a dead event's LPI is disabled, or has gone to a live
 * event. One that is enabled and that no live event has speaks for its event.
 */
export class LpiWitness {
  readonly #scene: Scene
  readonly #configuration: number
  /** LPI to the index of the device whose live event has it; -1 where none is known. */
  readonly #owners = new Int32Array(ID_LIMIT).fill(-1)

  constructor(scene: Scene) {
    this.#scene = scene
    this.#configuration = GICR_PROPBASER.unpack(scene.input.registers.redistributors[0]?.propbaser ?? 0n).address
    const { devices, events } = scene.tables.mappings
    for (const [index, { deviceId, first, count }] of devices.entries()) {
      for (let row = first; row < first + count; row++) {
        const lpi = events.lpi[row]!
        if (lpi < ID_LIMIT && scene.beliefs.eventBelief(deviceId, events.eventId[row]!) === 'live') this.#owners[lpi] = index
      }
    }
  }

  /** A live event has this LPI. */
  isTaken(lpi: number): boolean {
    return lpi < ID_LIMIT && this.#owners[lpi]! >= 0
  }

  /** What speaks for or against a dead event with this LPI. */
  onEvent(lpi: number): Evidence[] {
    if (lpi < FIRST_LPI || lpi >= ID_LIMIT) return []
    const owner = this.#scene.tables.mappings.devices[this.#owners[lpi]!]
    if (owner !== undefined) {
      return [{ witness: 'tables', says: `LPI ${lpi} is a live event's of ${deviceName(owner.deviceId)}`, at: undefined }]
    }
    const at = (this.#configuration + lpi - FIRST_LPI) as Gpa
    const byte = ifThere(() => this.#scene.memory.u8(at))
    if (byte === undefined) return []
    return LPI_CONFIG.decode(byte, 0).enable
      ? [{ witness: 'LPI configuration', says: `LPI ${lpi} is enabled, and no live event has it`, at, against: true }]
      : [{ witness: 'LPI configuration', says: `LPI ${lpi} is disabled`, at }]
  }

  /** What speaks for or against a dead device with these events. */
  onDevice({ first, count }: MappedDevice): Evidence[] {
    const { lpi } = this.#scene.tables.mappings.events
    const asked = Array.from({ length: Math.min(count, MOST_ASKED) }, (_, i) => this.onEvent(lpi[first + i]!)).flat()
    return asked.some(({ against }) => against) ? asked.filter(({ against }) => against) : asked.slice(0, 1)
  }
}
