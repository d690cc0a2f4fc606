import { DTE_NEXT_CAP, ENTRY_BYTES } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { firstPast } from '../memory/index.ts'
import type { Beliefs } from './beliefs.ts'
import { type Evidence, evidence } from './finding.ts'
import type { History } from './history.ts'
import type { MappedDevice, Mappings } from './mappings.ts'
import { deviceName } from './names.ts'

/** A live entry whose `next` says that nothing was mapped between it and `until`. */
interface Gap {
  readonly from: number
  readonly until: number
  readonly at: Gpa
}

/**
 * The chains as a witness: a save writes into each live entry the distance to the next one, so what a live entry jumps over was not mapped
 * when the tables were saved. It says nothing of what lies before the first live entry, nor of what a chain leads to.
 */
export class ChainWitness {
  readonly #mappings: Mappings
  readonly #beliefs: Beliefs
  readonly #devices: readonly Gap[]

  constructor(mappings: Mappings, beliefs: Beliefs) {
    this.#mappings = mappings
    this.#beliefs = beliefs
    const live = mappings.devices.filter(({ deviceId }) => beliefs.device(deviceId).belief === 'live')
    this.#devices = live.map(({ deviceId, next, at }) => gap(deviceId, next, at))
  }

  onDevice(deviceId: number): Evidence[] {
    return testimony(this.#devices, deviceId, deviceName)
  }

  /** Asks for many events of one device at a time. */
  onEventsOf({ deviceId, ittAddr, first, count }: MappedDevice): (eventId: number) => Evidence[] {
    const { eventId, next } = this.#mappings.events
    const gaps: Gap[] = []
    for (let row = first; row < first + count; row++) {
      const id = eventId[row]!
      if (this.#beliefs.eventBelief(deviceId, id) !== 'live') continue
      gaps.push(gap(id, next[row]!, (ittAddr + id * ENTRY_BYTES) as Gpa))
    }
    return (id) => testimony(gaps, id, (before) => `event ${before}`)
  }
}

/**
 * The chain that KVM saved leads from a device that this history has mapped to one that it has not: KVM had more mapped than the
 * history tells.
 */
export function chainDenies(mappings: Mappings, history: History): boolean {
  const isMapped = (deviceId: number) => history.devices.get(deviceId)?.mapped === true
  return mappings.devices.some(({ deviceId, next }) => {
    const there = next > 0 && next < DTE_NEXT_CAP ? deviceId + next : deviceId
    return isMapped(deviceId) && mappings.device(there) !== undefined && !isMapped(there) && !history.touched.has(there)
  })
}

/** Also a distance that was cut to what `next` can hold says that nothing is mapped up to there. */
const gap = (from: number, next: number, at: Gpa): Gap => ({
  from,
  until: next === 0 ? Number.POSITIVE_INFINITY : from + next,
  at,
})

function testimony(gaps: readonly Gap[], id: number, name: (id: number) => string): Evidence[] {
  const before = lastBefore(gaps, id)
  if (before === undefined || id >= before.until) return []
  const says =
    before.until === Number.POSITIVE_INFINITY
      ? 'is live and the last of its chain'
      : `is live, and its next leads to ${name(before.until)}`
  return [evidence('R-chain-gap', `${name(before.from)} ${says}`, before.at)]
}

/** The gap that begins last before `id`; they are in order. */
function lastBefore(gaps: readonly Gap[], id: number): Gap | undefined {
  return gaps[firstPast(gaps.length, (i) => gaps[i]!.from >= id) - 1]
}
