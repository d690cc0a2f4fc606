import { FIRST_LPI } from '../../abi/index.ts'
import { SeedCalls } from './seed-calls.ts'
import { ASKED, type RestoreAnswer, type SeedCase, type SeedMapping, seedMappings, type TimedAnswer } from './seed-case.ts'
import type { SeedGuest } from './seed-guest.ts'
import type { SeedFlow, SeedTestOptions } from './seed-options.ts'

export interface SeedReport {
  readonly devices: number
  /** Five, or fewer when a save or a reset failed: the posted program ends there. */
  readonly cases: readonly SeedCase[]
  /** Every case of the five passed. */
  readonly passed: boolean
}

/**
 * The tables selftest of November 2024: five cases of map, save, unmap or reset, and restore, one after the other on the same RAM, each
 * verified by an MSI to six events of every device. A guest that goes from case to case unmaps what it mapped before; on a kernel that
 * leaves its entries they are orphans.
 *
 * @source J. Zhang, vgic_its_tables.c, as posted on 5 Nov 2024 (`v1`) and reposted on 7 Nov 2024 (`v4`)
 */
export function runSeedTest(options: SeedTestOptions): SeedReport {
  const calls = new SeedCalls(options)
  const test = new SeedTest(calls, options)
  const { devices } = calls.guest
  const mappings = seedMappings(devices)
  const cases: SeedCase[] = []
  for (const mapping of mappings) {
    const done = test.run(mapping)
    cases.push(done)
    if (done.restore === undefined) break
  }
  return { devices, cases, passed: cases.length === mappings.length && cases.every(({ passed }) => passed) }
}

/** The guest of the selftest, which remembers what it has mapped, and its VMM. */
export class SeedTest {
  readonly #calls: SeedCalls
  readonly #guest: SeedGuest
  readonly #flow: SeedFlow
  readonly #clear: boolean
  readonly #sameCollection: boolean
  #tracked: SeedMapping | undefined
  /** The collection of the next case. */
  #icid = 0

  constructor(calls: SeedCalls, { flow, clear, sameCollection }: Pick<SeedTestOptions, 'flow' | 'clear' | 'sameCollection'>) {
    this.#calls = calls
    this.#guest = calls.guest
    this.#flow = flow
    this.#clear = clear
    this.#sameCollection = sameCollection
  }

  run(mapping: SeedMapping): SeedCase {
    this.#unmapAll()
    if (this.#clear) this.#guest.clearTables()
    this.#map(mapping)
    const { title } = mapping
    const mapped = this.#guest.its.events.count
    const save = this.#calls.save()
    const reset = save.errno === undefined && this.#flow === 'v4' ? this.#calls.reset() : undefined
    if ((reset ?? save).errno !== undefined) return ended({ title, mapped, save, reset })
    if (reset === undefined) this.#unmapAll()
    else this.#guest.enable()
    const restore = this.#calls.restore()
    return { title, mapped, save, reset, restore, ...this.#asked(mapping, restore) }
  }

  /** DISCARD and MAPD V=0 for what was mapped last, whether or not it came back, and MAPC V=0 for every collection so far. */
  #unmapAll(): void {
    const guest = this.#guest
    const { first = 0, last = -1, eventId = 0 } = this.#tracked ?? {}
    for (let deviceId = first; deviceId <= last; deviceId++) {
      guest.send('DISCARD', { deviceId, eventId })
      guest.mapDevice(deviceId, false)
    }
    for (let icid = 0; icid <= this.#icid; icid++) guest.send('MAPC', { icid, valid: false })
    guest.sync()
  }

  #map(mapping: SeedMapping): void {
    const guest = this.#guest
    const { first, last, eventId } = mapping
    this.#tracked = mapping
    if (last < first) {
      guest.clearTables()
      return
    }
    const icid = this.#icid
    guest.send('MAPC', { icid, rdBase: 0, valid: true })
    for (let deviceId = first; deviceId <= last; deviceId++) {
      guest.mapDevice(deviceId)
      guest.send('MAPTI', { deviceId, eventId, pintid: FIRST_LPI + deviceId - first, icid })
    }
    guest.sync()
    if (!this.#sameCollection) this.#icid++
  }

  /** Asks for events of every device by MSI: each must be delivered exactly when it was mapped. */
  #asked({ first, last, eventId: mapped }: SeedMapping, { errno }: RestoreAnswer) {
    let lost = 0
    let wrong = 0
    for (let deviceId = 0; deviceId < this.#guest.devices; deviceId++) {
      const isMapped = deviceId >= first && deviceId <= last
      for (const eventId of ASKED) {
        const expected = isMapped && eventId === mapped
        const delivered = this.#guest.signal(deviceId, eventId) === 1
        if (expected && !delivered) lost++
        if (delivered && !expected) wrong++
      }
    }
    return { lost, wrong, passed: errno === undefined && lost + wrong === 0 }
  }
}

interface Begun {
  readonly title: string
  readonly mapped: number
  readonly save: TimedAnswer
  readonly reset: TimedAnswer | undefined
}

const ended = (begun: Begun): SeedCase => ({ ...begun, restore: undefined, lost: undefined, wrong: undefined, passed: false })
