import { NEWEST, profiles, type Quirks } from '../abi/index.ts'
import type { Gic, Its } from '../its/index.ts'
import { attempt, type Gpa, type GuestMemory, type Outcome, type ReadonlyMemory, type Where } from '../memory/index.ts'
import {
  eventKey,
  eventOf,
  GO_ON,
  type ObjectionName,
  objections,
  type RestoredTables,
  readTables,
  type SweepReader,
  type Swept,
  sweepTables,
  type TableReader,
  type TableView,
  viewOf,
  walkTables,
} from '../tables/index.ts'
import { ittStretch, overlappingItts } from './overlaps.ts'

/** What is known of a device or an event. */
export type Standing = 'live' | 'dead' | 'unknown' | 'disputed'

/** What is known of the guest's mappings besides the tables, by its command queue or its PCI functions, say. */
export interface KnownMappings {
  /** Devices and events that are named, whatever is said of them. */
  readonly deviceIds: readonly number[]
  eventIds(deviceId: number): readonly number[]
  device(deviceId: number): { readonly belief: Standing }
  eventBelief(deviceId: number, eventId: number): Standing
}

/** Why a wary restore does not trust the tables. */
export const doubts = {
  objection: 'KVM refuses the tables here',
  unreached: 'the entry is valid and the restore passes it by: either it is dead, or an entry before it hides it',
  disputed: 'what is known of the guest contradicts itself',
  missing: 'the guest has this mapped, and the restore does not bring it back',
  'shared-itt': 'the ITT shares bytes with another table in use: whose entry it is cannot be told',
  'claimed-twice': 'two events claim the same LPI, and it is not known that both live, or this kernel maps an LPI once',
  'too-many': 'the tables hold more entries than may be looked at',
} as const

export interface Doubt {
  readonly name: keyof typeof doubts
  readonly where: Where
  /** For `objection`: which. */
  readonly objection?: ObjectionName
}

/** What a wary restore brought back. */
export interface WarilyRestored extends RestoredTables {
  /** Entries that are known to be dead and were passed over. */
  readonly ignored: number
  /** Devices and events that it brought back though nobody says that they live: a stale entry may be among them. With none, it is exactly what the guest has. */
  readonly unvouched: number
}

/** What a wary restore did: restored, or refused with all that it could not be sure of. The errno, place and reason are the first doubt's. */
export type WaryOutcome =
  | { readonly ok: true; readonly value: WarilyRestored }
  | (Extract<Outcome<never>, { ok: false }> & { readonly doubts: readonly Doubt[] })

/**
 * Restores tables that somebody else saved, or refuses. Entries that are known to be dead are passed over; what is left must be
 * one chain: the restore reaches every valid entry, and no LPI is claimed twice by entries of which nothing is known. Guest RAM
 * stays as it is, but for the pending bits that every restore consumes.
 *
 * `mostWork`: how much work the tables may be, see `WALK_WORK`; more is refused. Without any known mapping, an orphan whose `next` still fits the live entries cannot be told from a live one: `unvouched` counts what may be such.
 */
export function restoreWarily(its: Its, known?: KnownMappings, mostWork?: number): WaryOutcome {
  const quirks = waryQuirks(its)
  const survey = new Survey(its, known, mostWork)
  const [first, ...more] = survey.doubts()
  if (first !== undefined) return refusal(first, more)
  const restored = attempt(() => readTables(survey.withoutDead, its, { quirks }))
  if (restored.ok) return { ok: true, value: { ...restored.value, ignored: survey.ignored, unvouched: survey.unvouched } }
  return { ...restored, doubts: [{ name: 'objection', where: restored.where ?? {} }] }
}

/** The newest kernel's walk; whether two events may have one LPI is a matter of the ITS that they are restored into. */
const waryQuirks = ({ gic }: Its): Quirks => ({
  ...profiles[NEWEST].quirks,
  'lpi-mapped-by-many': gic.quirks['lpi-mapped-by-many'],
})

/** Tables in doubt are EINVAL, as inconsistent ones are, unless KVM itself has an errno for them. */
function refusal(first: Doubt, more: readonly Doubt[]): WaryOutcome {
  const { errno, says: reason } = first.objection
    ? objections[first.objection]
    : { errno: 'EINVAL' as const, says: doubts[first.name] }
  return { ok: false, errno, reason, where: first.where, doubts: [first, ...more] }
}

/** A survey sees every event, whoever has its LPI. */
const quirksOfSurvey: Quirks = { ...profiles[NEWEST].quirks, 'lpi-mapped-by-many': true }

/** What lies in the tables, what is left of it without the dead, and what a restore of that reaches. */
class Survey {
  readonly withoutDead: GuestMemory
  ignored = 0
  readonly #gic: Gic
  readonly #memory: ReadonlyMemory
  readonly #view: TableView
  readonly #known: KnownMappings | undefined
  readonly #mostWork: number | undefined
  /** Not every entry was looked at. */
  readonly #isCut: boolean
  readonly #devices = new Map<number, Gpa>()
  readonly #events = new Map<number, Where>()

  constructor(its: Its, known: KnownMappings | undefined, mostWork: number | undefined) {
    const { memory, gic } = its
    this.#gic = gic
    this.#memory = memory
    this.#view = viewOf(its)
    this.#known = known
    this.#mostWork = mostWork
    this.withoutDead = memory.fork()
    this.#isCut = this.#sweep().cut !== undefined
  }

  #sweep(): Swept {
    let dead = false
    const reader: SweepReader = {
      collection: () => {},
      device: (deviceId, _ittAddr, _bits, _next, at) => {
        dead = this.#known?.device(deviceId).belief === 'dead'
        if (dead) this.#ignore(at)
        else this.#devices.set(deviceId, at)
      },
      event: (deviceId, eventId, _pintid, _icid, _next, at) => {
        if (dead) return
        if (this.#known?.eventBelief(deviceId, eventId) === 'dead') this.#ignore(at)
        else this.#events.set(eventKey(deviceId, eventId), { what: 'ITE', at, deviceId, eventId })
      },
    }
    return sweepTables(this.#memory, this.#view, reader, this.#mostWork)
  }

  #ignore(at: Gpa): void {
    this.withoutDead.setWord(at, 0, 0)
    this.ignored++
  }

  /** Of what is left without the dead, how much nobody knows to live. */
  get unvouched(): number {
    const lives = (deviceId: number) => this.#known?.device(deviceId).belief === 'live'
    const devices = [...this.#devices.keys()].filter((deviceId) => !lives(deviceId))
    const events = [...this.#events.keys()].filter((key) => !this.#lives(key))
    return devices.length + events.length
  }

  doubts(): Doubt[] {
    const reached = new Reached()
    const within = this.#mostWork === undefined ? {} : { mostWork: this.#mostWork }
    const { objection, cut } = walkTables(this.withoutDead, this.#view, quirksOfSurvey, reached, within)
    if (objection !== undefined) {
      const { what } = objections[objection.name]
      return [{ name: 'objection', objection: objection.name, where: { ...objection.where, what } }]
    }
    if (this.#isCut || cut !== undefined) return [{ name: 'too-many', where: {} }]
    return [
      ...this.#unreached(reached),
      ...this.#disputed(),
      ...this.#missing(reached),
      ...this.#sharedItts(reached),
      ...this.#claimedTwice(reached),
    ]
  }

  *#unreached({ devices, events }: Reached): Generator<Doubt> {
    for (const [deviceId, at] of this.#devices) {
      if (!devices.has(deviceId)) yield { name: 'unreached', where: { what: 'DTE', at, deviceId } }
    }
    for (const [key, where] of this.#events) {
      if (devices.has(where.deviceId!) && !events.has(key)) yield { name: 'unreached', where }
    }
  }

  *#disputed(): Generator<Doubt> {
    for (const [deviceId, at] of this.#devices) {
      if (this.#known?.device(deviceId).belief === 'disputed') yield { name: 'disputed', where: { what: 'DTE', at, deviceId } }
    }
    for (const where of this.#events.values()) {
      if (this.#known?.eventBelief(where.deviceId!, where.eventId!) === 'disputed') yield { name: 'disputed', where }
    }
  }

  *#missing({ devices, events }: Reached): Generator<Doubt> {
    for (const deviceId of this.#known?.deviceIds ?? []) {
      const isLive = this.#known!.device(deviceId).belief === 'live'
      if (isLive && !devices.has(deviceId)) yield { name: 'missing', where: { what: 'DTE', deviceId } }
      for (const eventId of this.#known!.eventIds(deviceId)) {
        const eventLives = this.#known!.eventBelief(deviceId, eventId) === 'live'
        if (eventLives && !events.has(eventKey(deviceId, eventId)))
          yield { name: 'missing', where: { what: 'ITE', deviceId, eventId } }
      }
    }
  }

  #sharedItts({ devices }: Reached): Doubt[] {
    const shared = overlappingItts(this.withoutDead, this.#view, [...devices.values()])
    return shared.map((deviceId) => ({ name: 'shared-itt', where: { deviceId } }))
  }

  *#claimedTwice({ events }: Reached): Generator<Doubt> {
    const owners = new Map<number, number>()
    for (const [key, pintid] of events) {
      const other = owners.get(pintid)
      owners.set(pintid, key)
      const isMapped = other !== undefined || this.#gic.isLpiMapped(pintid)
      if (!isMapped) continue
      if (this.#gic.quirks['lpi-mapped-by-many'] && (other === undefined || (this.#lives(key) && this.#lives(other)))) continue
      yield { name: 'claimed-twice', where: this.#events.get(key) ?? {} }
    }
  }

  #lives(key: number): boolean {
    return this.#known?.eventBelief(...eventOf(key)) === 'live'
  }
}

/** What a walk visits: devices, and events with their LPIs. */
class Reached implements TableReader {
  readonly devices = new Map<number, ReturnType<typeof ittStretch>>()
  readonly events = new Map<number, number>()
  collection(): typeof GO_ON {
    return GO_ON
  }
  device(deviceId: number, ittAddr: Gpa, eventIdBits: number): typeof GO_ON {
    this.devices.set(deviceId, ittStretch(deviceId, ittAddr, eventIdBits))
    return GO_ON
  }
  event(deviceId: number, eventId: number, pintid: number): typeof GO_ON {
    this.events.set(eventKey(deviceId, eventId), pintid)
    return GO_ON
  }
  drop(): void {}
}
