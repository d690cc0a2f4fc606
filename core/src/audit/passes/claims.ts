import {
  DTE,
  DTE_NEXT_CAP,
  ENTRY_BYTES,
  FIRST_LPI,
  hex,
  ID_LIMIT,
  L2_ENTRIES,
  LPI_LIMIT,
  MAX_EVENTID_BITS,
} from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { clearing } from '../effect.ts'
import { entryAt } from '../entries.ts'
import { cleared, type EventId, losing, type Suspect, suspect } from '../finding.ts'
import { liveWords } from '../live-words.ts'
import type { MappedDevice } from '../mappings.ts'
import { deviceName, itsName, place } from '../names.ts'
import { rowBeliefs } from '../row-beliefs.ts'
import type { Scene } from '../scene.ts'
import { type Orphans, orphansOf } from './orphans.ts'

/** LPIs that two events claim, ITTs that share memory, LPIs out of range, chains that leave the device table. */
export function* claimPass(scene: Scene, orphans: Orphans): Generator<Suspect> {
  yield* sharedLpis(scene, orphans)
  yield* sharedItts(scene, orphans)
  yield* highLpis(scene, orphans)
  yield* nextPastTable(scene, orphans)
}

interface Claim {
  readonly scene: Scene
  readonly device: MappedDevice
  readonly eventId: number
  readonly lpi: number
}

/** Two events with one LPI; `other` is no orphan. */
interface SharedLpi {
  readonly mine: Claim
  readonly other: Claim
}

/**
 * One suspect for each pair of devices. Between two events of one ITS that the guest has mapped, sharing is the guest's choice;
 * between two ITSes it is a finding of the later one. A live event that is passed over for a live one is lost, and told of as such.
 */
function* sharedLpis(scene: Scene, orphans: Orphans): Generator<Suspect> {
  const first = scene.once(firstClaims)
  const beliefs = rowBeliefs(scene)
  const elsewhere = scene.vm.filter((other) => other !== scene)
  const pairs = new Map<string, SharedLpi[]>()
  const share = (mine: Claim, other: Claim) => {
    const pair = `${mine.device.deviceId} ${other.device.deviceId} ${other.scene.its.index}`
    const known = pairs.get(pair)
    if (known === undefined) pairs.set(pair, [{ mine, other }])
    else known.push({ mine, other })
  }
  eachClaim(scene, (lpi, row) => {
    const here = first[lpi]!
    if (here >= 0 && here !== row && !(beliefs[row] === 'live' && beliefs[here] === 'live')) {
      share(claimOf(scene, row), claimOf(scene, here))
    }
    const there = elsewhere.find((other) => other.once(firstClaims)[lpi]! >= 0)
    if (there === undefined) return
    const mine = claimOf(scene, row)
    const isDead = orphans.hasEvent(mine.device.deviceId, mine.eventId)
    if (isDead || (there.its.index < scene.its.index && !(isLive(mine) && isPassedOver(mine)))) {
      share(mine, claimOf(there, there.once(firstClaims)[lpi]!))
    }
  })
  for (const shared of pairs.values()) {
    const taken = shared.filter((one) => isTaken(orphans, one))
    if (taken.length > 0) yield takenLpis(orphans, taken)
    if (taken.length < shared.length)
      yield sharedLpi(orphans, taken.length === 0 ? shared : shared.filter((one) => !taken.includes(one)))
  }
}

/** A restore gives the LPI to the dead one, and passes over the live one. */
function isTaken(orphans: Orphans, { mine, other }: SharedLpi): boolean {
  const { deviceId } = mine.device
  return (
    isPassedOver(other) &&
    orphans.hasEvent(deviceId, mine.eventId) &&
    isLive(other) &&
    mine.scene.restored.mappings.row(deviceId, mine.eventId) >= 0
  )
}

const isPassedOver = ({ scene, device, eventId }: Claim) => scene.restored.taken.get(device.deviceId)?.has(eventId) === true

function takenLpis(orphans: Orphans, shared: readonly SharedLpi[]): Suspect {
  const [{ mine, other }] = shared as readonly [SharedLpi]
  const lost = shared.map(({ other: { device, eventId } }): EventId => [device.deviceId, eventId])
  return suspect('I310', detailOf(other, mine, shared.length), {
    ...aboutPair(orphans, other, mine),
    rows: [row(mine, mine, 'orphan'), row(other, mine, 'passed over')],
    effect: losing(lost),
    ...fixOf(orphans, mine),
  })
}

function sharedLpi(orphans: Orphans, shared: readonly SharedLpi[]): Suspect {
  const [{ mine, other }] = shared as readonly [SharedLpi]
  const role = orphans.hasEvent(mine.device.deviceId, mine.eventId) ? 'orphan' : 'claims it too'
  return suspect('I305', detailOf(mine, other, shared.length), {
    ...aboutPair(orphans, mine, mine),
    rows: [row(mine, mine, role), row(other, mine, isLive(other) ? 'live' : 'claims it too')],
    ...fixOf(orphans, mine),
  })
}

/** What is said of `one`, `culprit` being that of the two to blame. */
const aboutPair = (orphans: Orphans, one: Claim, culprit: Claim) => ({
  confidence: orphans.eventConfidence(culprit.device.deviceId, culprit.eventId),
  deviceId: one.device.deviceId,
  eventId: one.eventId,
  at: iteAt(one),
})

const detailOf = (one: Claim, other: Claim, count: number) => ({
  deviceId: one.device.deviceId,
  eventId: one.eventId,
  lpi: one.lpi,
  other: { deviceId: other.device.deviceId, eventId: other.eventId },
  elsewhere: elsewhereName(one, other),
  count,
})

const row = (claim: Claim, subject: Claim, role: string) =>
  entryAt(claim.scene.memory, 'ITE', iteAt(claim), nameOf(claim) + elsewhereName(subject, claim), role)

function fixOf(orphans: Orphans, mine: Claim): Partial<Suspect> {
  const { scene, device, eventId } = mine
  const { deviceId } = device
  const at = iteAt(mine)
  const isDead = orphans.hasEvent(deviceId, eventId)
  if (!isDead || (!orphans.hasDevice(deviceId) && liveWords(scene).has(at))) return {}
  const isProven = orphans.eventConfidence(deviceId, eventId) === 'proven'
  return cleared([clearing(scene.memory, orphans.hasDevice(deviceId) ? device.at : at)], isProven)
}

const nameOf = ({ device, eventId }: Claim) => place({ deviceId: device.deviceId, eventId })
const elsewhereName = ({ scene }: Claim, other: Claim) => (other.scene === scene ? '' : itsName(other.scene.its))
const isLive = ({ scene, device, eventId }: Claim) => scene.beliefs.eventBelief(device.deviceId, eventId) === 'live'
const iteAt = ({ device, eventId }: Pick<Claim, 'device' | 'eventId'>) => (device.ittAddr + eventId * ENTRY_BYTES) as Gpa

/** Calls `claim` for each row of the tables that claims an LPI. */
function eachClaim({ tables: { mappings } }: Scene, claim: (lpi: number, row: number, device: MappedDevice) => void): void {
  const { devices, events } = mappings
  for (const device of devices) {
    if (!hasSaneSize(device)) continue
    for (let row = device.first; row < device.first + device.count; row++) {
      const lpi = events.lpi[row]!
      if (lpi >= FIRST_LPI && lpi < ID_LIMIT) claim(lpi, row, device)
    }
  }
}

function claimOf(scene: Scene, row: number): Claim {
  const { mappings } = scene.tables
  return { scene, device: mappings.deviceOf(row), eventId: mappings.events.eventId[row]!, lpi: mappings.events.lpi[row]! }
}

/** By LPI, the row of the first event that claims it and is no orphan; -1 where none does. */
function firstClaims(scene: Scene): Int32Array {
  const { orphans } = orphansOf(scene)
  const { eventId } = scene.tables.mappings.events
  const first = new Int32Array(ID_LIMIT).fill(-1)
  eachClaim(scene, (lpi, row, { deviceId }) => {
    if (first[lpi]! < 0 && !orphans.hasEvent(deviceId, eventId[row]!)) first[lpi] = row
  })
  return first
}

/** Each device whose ITT begins inside another's; one pair for each, however many share it. */
function* sharedItts(scene: Scene, orphans: Orphans): Generator<Suspect> {
  const byAddress = scene.tables.mappings.devices.filter(hasSaneSize).sort((a, b) => a.ittAddr - b.ittAddr)
  let widest: MappedDevice | undefined
  for (const device of byAddress) {
    if (widest !== undefined && device.ittAddr < end(widest)) {
      const [dead, other] = isCulprit(scene, orphans, [widest, device]) ? [widest, device] : [device, widest]
      if (!(orphans.hasDevice(dead.deviceId) && orphans.hasDevice(other.deviceId))) yield sharedItt(scene, orphans, dead, other)
    }
    if (widest === undefined || end(device) > end(widest)) widest = device
  }
}

/** The one of two devices with one ITT that is more likely the stale one: it is dead, or the other alone is known to be live. */
function isCulprit({ beliefs }: Scene, orphans: Orphans, [one, other]: readonly [MappedDevice, MappedDevice]): boolean {
  if (orphans.hasDevice(one.deviceId)) return true
  return beliefs.live.hasDevice(other.deviceId) && !beliefs.live.hasDevice(one.deviceId)
}

const hasSaneSize = ({ eventIdBits }: MappedDevice) => eventIdBits <= MAX_EVENTID_BITS
const end = ({ ittAddr, eventIdBits }: MappedDevice) => ittAddr + 2 ** eventIdBits * ENTRY_BYTES

function sharedItt(scene: Scene, orphans: Orphans, mine: MappedDevice, other: MappedDevice): Suspect {
  const { memory } = scene
  const { deviceId, at } = mine
  const dead = orphans.hasDevice(deviceId)
  const sure = orphans.deviceConfidence(deviceId)
  const detail = { deviceId, other: other.deviceId, otherIsDead: orphans.hasDevice(other.deviceId) }
  return suspect('D206', detail, {
    confidence: sure,
    deviceId,
    at,
    rows: [
      entryAt(memory, 'DTE', at, deviceName(deviceId), dead ? 'orphan' : 'shares memory'),
      entryAt(memory, 'DTE', other.at, deviceName(other.deviceId), 'shares memory'),
    ],
    ...(dead ? cleared([clearing(memory, at)], sure === 'proven') : {}),
  })
}

/** KVM does not look at the top of the range: such an event comes back with an LPI nobody can configure. */
function* highLpis(scene: Scene, orphans: Orphans): Generator<Suspect> {
  const { devices, events } = scene.tables.mappings
  for (const device of devices) {
    for (let row = device.first; row < device.first + device.count; row++) {
      const [eventId, pintid] = [events.eventId[row]!, events.lpi[row]!]
      if (pintid < LPI_LIMIT || orphans.hasEvent(device.deviceId, eventId)) continue
      const at = iteAt({ device, eventId })
      yield suspect(
        'I301',
        { deviceId: device.deviceId, eventId, pintid, limit: LPI_LIMIT },
        {
          deviceId: device.deviceId,
          eventId,
          at,
          rows: [entryAt(scene.memory, 'ITE', at, `event ${eventId}`, 'no LPI')],
          ...cleared([clearing(scene.memory, at)], false),
        },
      )
    }
  }
}

function* nextPastTable(scene: Scene, orphans: Orphans): Generator<Suspect> {
  const { indirect, bytes } = scene.view.deviceTable
  const entries = Math.min(ID_LIMIT, (bytes / ENTRY_BYTES) * (indirect ? L2_ENTRIES : 1))
  const kept = scene.tables.mappings.devices.filter(({ deviceId }) => !orphans.hasDevice(deviceId))
  for (const [i, { deviceId, at, next }] of kept.entries()) {
    if (deviceId + next < entries) continue
    const distance = Math.min((kept[i + 1]?.deviceId ?? deviceId) - deviceId, DTE_NEXT_CAP)
    const word = clearing(scene.memory, at)
    const { lo, hi } = DTE.encode({ ...DTE.decode(...word.from), next: distance })
    const removal = [{ ...word, to: [lo, hi] as const }]
    yield suspect(
      'D208',
      { deviceId, next, entries },
      {
        deviceId,
        at,
        rows: [entryAt(scene.memory, 'DTE', at, deviceName(deviceId), 'chain leaves the table')],
        removal,
        fix: { says: `write next=${distance} at ${hex(at)}`, safe: true, writes: removal },
      },
    )
  }
}
