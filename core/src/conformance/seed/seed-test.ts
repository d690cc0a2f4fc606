import { FIRST_LPI, L2_ENTRIES, type ProfileId } from '../../abi/index.ts'
import type { Errno, Outcome, Where } from '../../memory/index.ts'
import { seal, stampedHeads } from '../../seal/index.ts'
import { type Heads, restoreTables, saveTables } from '../../tables/index.ts'
import { EVENTS, SeedGuest } from './seed-guest.ts'

/** What the selftest is told; the first three are the posted one's -s, -c and -n. */
export interface SeedTestOptions {
  /** One collection for all cases, which turns EINVAL into corruption. */
  readonly sameCollection: boolean
  /** Clear the tables before each case, which makes an unfixed kernel pass. */
  readonly clear: boolean
  /** Second-level tables of 8192 devices, 1 to 7. */
  readonly l2Tables: number
  readonly kernel: ProfileId
  readonly save: 'plain' | 'seal'
  /** Whose heads are written and followed; default: as the kernel does. */
  readonly head?: 'none' | 'proposed' | 'ours'
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number
}

/** What a save or a restore answered and how long it took. */
export interface TimedAnswer {
  readonly ms: number
  /** undefined: success. */
  readonly errno: Errno | undefined
  readonly where: Where | undefined
}

/** One case of the selftest. */
export interface SeedCase {
  readonly title: string
  readonly mapped: number
  readonly save: TimedAnswer
  readonly restore: TimedAnswer | undefined
  /** Events that were mapped and answer no MSI any more. */
  readonly lost: number
  /** Events that were not mapped and answer an MSI. */
  readonly wrong: number
  readonly passed: boolean
}

export interface SeedReport {
  readonly devices: number
  readonly cases: readonly SeedCase[]
  readonly passed: boolean
}

/** The events of each device that are asked for by MSI after a restore. */
const ASKED = [0, 1, 2, EVENTS - 3, EVENTS - 2, EVENTS - 1]

interface Mapping {
  readonly title: string
  /** Devices from `first` to `last`, each with this one event; none when `eventId` is negative. */
  readonly first: number
  readonly last: number
  readonly eventId: number
}

const mappings = (devices: number): readonly Mapping[] => [
  { title: 'nothing', first: 0, last: -1, eventId: -1 },
  { title: 'first device', first: 1, last: 1, eventId: 1 },
  { title: 'near the last device', first: devices - 2, last: devices - 2, eventId: EVENTS - 2 },
  { title: 'every device, an early event', first: 0, last: devices - 1, eventId: 2 },
  { title: 'every device, a late event', first: 0, last: devices - 1, eventId: EVENTS - 3 },
]

/**
 * The tables selftest of November 2024: five cases of map, save, CTRL_RESET, restore, each verified by an MSI to six events of every
 * device. A guest that goes from case to case unmaps what it mapped before; on a kernel that leaves its entries they are orphans.
 *
 * @source J. Zhang, vgic_its_tables.c, as reposted on 7 Nov 2024 with CTRL_RESET
 */
export function runSeedTest(options: SeedTestOptions): SeedReport {
  const guest = new SeedGuest(options.kernel, options.l2Tables)
  const test = new SeedTest(guest, options)
  const cases = mappings(guest.devices).map((mapping) => test.run(mapping))
  return { devices: options.l2Tables * L2_ENTRIES, cases, passed: cases.every(({ passed }) => passed) }
}

class SeedTest {
  readonly #guest: SeedGuest
  readonly #options: SeedTestOptions
  readonly #heads: { readonly heads?: Heads }
  #before: Mapping | undefined
  #collections = 0

  constructor(guest: SeedGuest, options: SeedTestOptions) {
    this.#guest = guest
    this.#options = options
    const { head } = options
    this.#heads = head === undefined ? {} : { heads: head === 'ours' ? stampedHeads : head }
  }

  run(mapping: Mapping): SeedCase {
    this.#forgetTheLastCase()
    const mapped = this.#map(mapping)
    const save = this.#timed(() => this.#save())
    if (save.errno !== undefined) return this.#done(mapping, mapped, save, undefined)
    this.#guest.its.reset()
    this.#guest.enable()
    const restore = this.#timed(() => restoreTables(this.#guest.its, this.#heads))
    return this.#done(mapping, mapped, save, restore)
  }

  /** The guest's side of starting anew: DISCARD, MAPD V=0 and MAPC V=0 for all it had. */
  #forgetTheLastCase(): void {
    const guest = this.#guest
    const before = this.#before
    if (before !== undefined) {
      for (let deviceId = before.first; deviceId <= before.last; deviceId++) {
        guest.send('DISCARD', { deviceId, eventId: before.eventId })
        guest.send('MAPD', { deviceId, valid: false })
      }
      for (let icid = 0; icid < this.#collections; icid++) guest.send('MAPC', { icid, valid: false })
      guest.sync()
    }
    if (this.#options.clear) guest.clearTables()
  }

  #map(mapping: Mapping): number {
    const guest = this.#guest
    const icid = this.#options.sameCollection ? 0 : this.#collections
    this.#collections = icid + 1
    this.#before = mapping
    guest.send('MAPC', { icid, rdBase: 0, valid: true })
    let pintid = FIRST_LPI
    for (let deviceId = mapping.first; deviceId <= mapping.last; deviceId++) {
      guest.mapDevice(deviceId)
      guest.send('MAPTI', { deviceId, eventId: mapping.eventId, pintid: pintid++, icid })
    }
    guest.sync()
    return guest.its.events.count
  }

  #save(): Outcome<unknown> {
    const { its } = this.#guest
    return this.#options.save === 'seal' ? seal(its, this.#heads) : saveTables(its, this.#heads)
  }

  #timed(call: () => Outcome<unknown>): TimedAnswer {
    const start = this.#options.now()
    const answer = call()
    const ms = this.#options.now() - start
    return answer.ok ? { ms, errno: undefined, where: undefined } : { ms, errno: answer.errno, where: answer.where }
  }

  /** Asks for events of every device by MSI: each must be delivered exactly when it was mapped. */
  #done(mapping: Mapping, mapped: number, save: TimedAnswer, restore: TimedAnswer | undefined): SeedCase {
    const failed = restore === undefined || restore.errno !== undefined
    let lost = 0
    let wrong = 0
    for (let deviceId = 0; deviceId < this.#guest.devices && !failed; deviceId++) {
      const isMapped = deviceId >= mapping.first && deviceId <= mapping.last
      for (const eventId of ASKED) {
        const expected = isMapped && eventId === mapping.eventId
        const delivered = this.#guest.signal(deviceId, eventId) === 1
        if (expected && !delivered) lost++
        if (delivered && !expected) wrong++
      }
    }
    return { title: mapping.title, mapped, save, restore, lost, wrong, passed: !failed && lost + wrong === 0 }
  }
}
