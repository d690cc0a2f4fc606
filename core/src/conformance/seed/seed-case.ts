import type { Errno, Where } from '../../memory/index.ts'
import { EVENTS } from './seed-guest.ts'

/** What a case of the selftest maps: devices from `first` to `last`, each with one event. `last` below `first`: nothing. */
export interface SeedMapping {
  readonly title: string
  readonly first: number
  readonly last: number
  readonly eventId: number
}

/** The five cases, in the order of the posted program. */
export const seedMappings = (devices: number): readonly SeedMapping[] => [
  { title: 'nothing', first: 0, last: -1, eventId: 0 },
  { title: 'first device', first: 1, last: 1, eventId: 1 },
  { title: 'near the last device', first: devices - 2, last: devices - 2, eventId: EVENTS - 2 },
  { title: 'every device, an early event', first: 0, last: devices - 1, eventId: 2 },
  lateEvents(devices),
]

/** The case whose restore the posting has times of: every device with an event at the end of its ITT. */
export const lateEvents = (devices: number): SeedMapping => ({
  title: 'every device, a late event',
  first: 0,
  last: devices - 1,
  eventId: EVENTS - 3,
})

/** The events of each device that are asked for by MSI after a restore. */
export const ASKED = [0, 1, 2, EVENTS - 3, EVENTS - 2, EVENTS - 1]

/** What a call answered and how long it took. */
export interface TimedAnswer {
  readonly ms: number
  /** undefined: success. */
  readonly errno: Errno | undefined
  readonly where: Where | undefined
}

/** A restore's answer, and what it had to read for it. */
export interface RestoreAnswer extends TimedAnswer {
  /** Table entries read, valid or not, until it was done or failed. */
  readonly entries: number
}

/** One case of the selftest. */
export interface SeedCase {
  readonly title: string
  /** Events mapped when the tables are saved. */
  readonly mapped: number
  readonly save: TimedAnswer
  /** CTRL_RESET, of the flow that has it. */
  readonly reset: TimedAnswer | undefined
  /** undefined when the save or the reset failed: the posted program ends there. */
  readonly restore: RestoreAnswer | undefined
  /** Events that were mapped and answer no MSI any more, whether or not the restore failed. */
  readonly lost: number | undefined
  /** Events that were not mapped and answer an MSI. */
  readonly wrong: number | undefined
  readonly passed: boolean
}
