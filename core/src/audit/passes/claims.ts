import { DTE, ENTRY_BYTES, FIRST_LPI, hex, ID_LIMIT, L2_ENTRIES, LPI_LIMIT } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { clearing } from '../effect.ts'
import { entryAt } from '../entries.ts'
import type { Suspect } from '../finding.ts'
import type { MappedDevice, Mappings } from '../mappings.ts'
import { confidence, type Scene } from '../scene.ts'
import type { Orphans } from './orphans.ts'

/** LPIs that two events claim, ITTs that share memory, LPIs out of range, chains that leave the device table. */
export function* claimPass(scene: Scene, orphans: Orphans): Generator<Suspect> {
  yield* sharedLpis(scene, orphans)
  yield* sharedItts(scene, orphans)
  yield* highLpis(scene, orphans)
  yield* nextPastTable(scene, orphans)
}

interface Claim {
  readonly device: MappedDevice
  readonly eventId: number
  readonly lpi: number
}

/** One suspect for each pair of devices; between two events that the guest has mapped, sharing is the guest's choice. */
function* sharedLpis(scene: Scene, orphans: Orphans): Generator<Suspect> {
  const { mappings } = scene.tables
  const first = firstClaims(mappings, ({ deviceId }, eventId) => !orphans.hasEvent(deviceId, eventId))
  const pairs = new Map<string, { readonly mine: Claim; readonly other: Claim; count: number }>()
  for (const mine of claims(mappings)) {
    const other = first[mine.lpi]
    if (other === undefined || (other.device === mine.device && other.eventId === mine.eventId)) continue
    if (isLive(scene, mine) && isLive(scene, other)) continue
    const pair = `${mine.device.deviceId} ${other.device.deviceId}`
    const known = pairs.get(pair)
    if (known === undefined) pairs.set(pair, { mine, other, count: 1 })
    else known.count++
  }
  for (const { mine, other, count } of pairs.values()) yield sharedLpi(scene, orphans, mine, other, count)
}

function sharedLpi(scene: Scene, orphans: Orphans, mine: Claim, other: Claim, count: number): Suspect {
  const { deviceId } = mine.device
  const dead = orphans.hasEvent(deviceId, mine.eventId)
  const at = iteAt(mine)
  const removal = dead ? [clearing(scene.memory, orphans.hasDevice(deviceId) ? mine.device.at : at)] : []
  const views = [
    entryAt(scene.memory, 'ITE', at, `DeviceID ${hex(deviceId)} event ${mine.eventId}`, dead ? 'orphan' : 'claims it too'),
    entryAt(
      scene.memory,
      'ITE',
      iteAt(other),
      `DeviceID ${hex(other.device.deviceId)} event ${other.eventId}`,
      isLive(scene, other) ? 'live' : 'claims it too',
    ),
  ]
  return {
    code: 'I305',
    detail: {
      deviceId,
      eventId: mine.eventId,
      lpi: mine.lpi,
      other: { deviceId: other.device.deviceId, eventId: other.eventId },
      count,
    },
    confidence: dead ? confidence(scene) : 'inferred',
    deviceId,
    eventId: mine.eventId,
    at,
    entries: views.filter((entry) => entry !== undefined),
    evidence: [],
    removal,
    fix: {
      says: dead ? `clear ${hex(removal[0]!.at)}, 8 bytes` : '',
      safe: dead && confidence(scene) === 'proven',
      writes: removal,
    },
  }
}

const isLive = ({ beliefs }: Scene, { device, eventId }: Claim) => beliefs.eventBelief(device.deviceId, eventId) === 'live'
const iteAt = ({ device, eventId }: Claim) => (device.ittAddr + eventId * ENTRY_BYTES) as Gpa

function* claims({ devices, events }: Mappings): Generator<Claim> {
  for (const device of devices) {
    for (let row = device.first; row < device.first + device.count; row++) {
      const lpi = events.lpi[row]!
      if (lpi >= FIRST_LPI && lpi < ID_LIMIT) yield { device, eventId: events.eventId[row]!, lpi }
    }
  }
}

/** The first event that claims each LPI and counts. */
function firstClaims(mappings: Mappings, counts: (device: MappedDevice, eventId: number) => boolean): (Claim | undefined)[] {
  const first = new Array<Claim | undefined>(ID_LIMIT)
  for (const claim of claims(mappings)) {
    if (first[claim.lpi] === undefined && counts(claim.device, claim.eventId)) first[claim.lpi] = claim
  }
  return first
}

/** Each device whose ITT begins inside another's; one pair for each, however many share it. */
function* sharedItts(scene: Scene, orphans: Orphans): Generator<Suspect> {
  const byAddress = [...scene.tables.mappings.devices].sort((a, b) => a.ittAddr - b.ittAddr)
  let widest: MappedDevice | undefined
  for (const device of byAddress) {
    if (widest !== undefined && device.ittAddr < end(widest)) {
      const [dead, other] = orphans.hasDevice(widest.deviceId) ? [widest, device] : [device, widest]
      if (!(orphans.hasDevice(dead.deviceId) && orphans.hasDevice(other.deviceId))) yield sharedItt(scene, orphans, dead, other)
    }
    if (widest === undefined || end(device) > end(widest)) widest = device
  }
}

const end = ({ ittAddr, eventIdBits }: MappedDevice) => ittAddr + 2 ** eventIdBits * ENTRY_BYTES

function sharedItt(scene: Scene, orphans: Orphans, mine: MappedDevice, other: MappedDevice): Suspect {
  const dead = orphans.hasDevice(mine.deviceId)
  const removal = dead ? [clearing(scene.memory, mine.at)] : []
  const views = [
    entryAt(scene.memory, 'DTE', mine.at, `DeviceID ${hex(mine.deviceId)}`, dead ? 'orphan' : 'shares memory'),
    entryAt(scene.memory, 'DTE', other.at, `DeviceID ${hex(other.deviceId)}`, 'shares memory'),
  ]
  return {
    code: 'D206',
    detail: { deviceId: mine.deviceId, other: other.deviceId, otherIsDead: orphans.hasDevice(other.deviceId) },
    confidence: dead ? confidence(scene) : 'inferred',
    deviceId: mine.deviceId,
    at: mine.at,
    entries: views.filter((entry) => entry !== undefined),
    evidence: [],
    removal,
    fix: { says: dead ? `clear ${hex(mine.at)}, 8 bytes` : '', safe: dead && confidence(scene) === 'proven', writes: removal },
  }
}

/** KVM does not look at the top of the range: such an event comes back with an LPI nobody can configure. */
function* highLpis(scene: Scene, orphans: Orphans): Generator<Suspect> {
  const { devices, events } = scene.tables.mappings
  for (const device of devices) {
    for (let row = device.first; row < device.first + device.count; row++) {
      const [eventId, pintid] = [events.eventId[row]!, events.lpi[row]!]
      if (pintid < LPI_LIMIT || orphans.hasEvent(device.deviceId, eventId)) continue
      const at = iteAt({ device, eventId, lpi: pintid })
      const entry = entryAt(scene.memory, 'ITE', at, `event ${eventId}`, 'no LPI')
      const removal = [clearing(scene.memory, at)]
      yield {
        code: 'I301',
        detail: { deviceId: device.deviceId, eventId, pintid, limit: LPI_LIMIT },
        confidence: 'proven',
        deviceId: device.deviceId,
        eventId,
        at,
        entries: entry === undefined ? [] : [entry],
        evidence: [],
        removal,
        fix: { says: `clear ${hex(at)}, 8 bytes`, safe: false, writes: removal },
      }
    }
  }
}

function* nextPastTable(scene: Scene, orphans: Orphans): Generator<Suspect> {
  const { indirect, bytes } = scene.view.deviceTable
  const entries = Math.min(ID_LIMIT, (bytes / ENTRY_BYTES) * (indirect ? L2_ENTRIES : 1))
  const kept = scene.tables.mappings.devices.filter(({ deviceId }) => !orphans.hasDevice(deviceId))
  for (const [i, { deviceId, at, next }] of kept.entries()) {
    if (deviceId + next < entries) continue
    const entry = entryAt(scene.memory, 'DTE', at, `DeviceID ${hex(deviceId)}`, 'chain leaves the table')
    const distance = Math.min((kept[i + 1]?.deviceId ?? deviceId) - deviceId, 2 ** 14 - 1)
    const word = clearing(scene.memory, at)
    const { lo, hi } = DTE.encode({ ...DTE.decode(...word.from), next: distance })
    const removal = [{ ...word, to: [lo, hi] as const }]
    yield {
      code: 'D208',
      detail: { deviceId, next, entries },
      confidence: 'proven',
      deviceId,
      at,
      entries: entry === undefined ? [] : [entry],
      evidence: [],
      removal,
      fix: { says: `write next=${distance} at ${hex(at)}`, safe: true, writes: removal },
    }
  }
}
