import { disassemble, ENTRY_BYTES, hex } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { entryAt } from '../entries.ts'
import { declared, type EventId, type Evidence, evidence, losing, type Suspect, suspect } from '../finding.ts'
import type { MappedDevice, Mappings } from '../mappings.ts'
import { deviceName, itsName } from '../names.ts'
import type { SharedLpi } from '../problems/events.ts'
import type { Scene } from '../scene.ts'
import type { SimulatedRestore } from '../simulate.ts'
import { chainWitness } from '../table-witnesses.ts'
import { confidence, testimonies } from '../testimony.ts'
import { isMisplaced } from '../verdict.ts'

/**
 * What the guest has mapped and a restore does not bring back, or brings back as something else, once every suspect entry is
 * out: `without` is what such a restore gives. Entries in `takenOut` have findings already.
 */
export function* lossPass(scene: Scene, without: SimulatedRestore, takenOut: ReadonlySet<Gpa>): Generator<Suspect> {
  // What lies beyond the end of a walk that was cut may well come back.
  if (scene.restored.cut !== undefined) return
  const clean = without.mappings
  yield* lostCollections(scene, clean)
  const live = scene.beliefs.deviceIds.filter((deviceId) => scene.beliefs.device(deviceId).belief === 'live')
  if (live.length > 0 && scene.tables.mappings.devices.length === 0) {
    const lost = live.flatMap((deviceId) => liveEvents(scene, deviceId))
    yield suspect('D211', { devices: live.length }, { confidence: confidence(scene), effect: losing(lost, live.length) })
    return
  }
  for (const deviceId of live) {
    const entry = scene.tables.mappings.device(deviceId)
    const back = [clean, ...asSaved(scene)].find((mappings) => mappings.device(deviceId) !== undefined)
    if (back === undefined) {
      if (entry === undefined || !takenOut.has(entry.at)) yield lostDevice(scene, deviceId)
    } else {
      yield* otherDevice(scene, back, deviceId)
      yield* lostEvents(scene, without, deviceId, takenOut)
    }
  }
}

/** What the tables as they are bring back is not lost, though KVM may come to it over a suspect entry only. */
const asSaved = ({ restored: { objection, mappings } }: Scene): Mappings[] => (objection === undefined ? [mappings] : [])

function* lostCollections(scene: Scene, clean: Mappings): Generator<Suspect> {
  const used = eventsByCollection(scene)
  for (const [icid, { rdBase, at }] of [...scene.beliefs.history.collections].sort(([a], [b]) => a - b)) {
    const restored = clean.collections.get(icid)
    const found = { icid, confidence: confidence(scene), evidence: [queueSays(scene, at)], effect: declared('corrupts') }
    const events = used.get(icid) ?? 0
    if (rdBase === undefined) {
      if (events > 0) yield suspect('C107', { icid, events }, { ...found, effect: declared('latent') })
    } else if (restored === undefined) yield suspect('C105', { icid, rdBase }, found)
    else if (restored !== rdBase) yield suspect('C106', { icid, restored, believed: rdBase }, found)
  }
}

const liveEvents = ({ beliefs }: Scene, deviceId: number): EventId[] =>
  beliefs
    .eventIds(deviceId)
    .filter((eventId) => beliefs.eventBelief(deviceId, eventId) === 'live')
    .map((eventId) => [deviceId, eventId])

const queueSays = ({ memory }: Scene, at: Gpa): Evidence => evidence('R-ring-mapped', disassemble(memory, at), at)

function eventsByCollection({ beliefs }: Scene): ReadonlyMap<number | undefined, number> {
  const used = new Map<number | undefined, number>()
  for (const { events } of beliefs.history.devices.values()) {
    for (const { icid } of events.values()) used.set(icid, (used.get(icid) ?? 0) + 1)
  }
  return used
}

/** KVM saves every device that is mapped: where there is no entry, and the chain leads past its place, KVM had none. */
function chainAgainst(scene: Scene, deviceId: number): Evidence[] {
  const { tables } = scene
  if (tables.mappings.device(deviceId) !== undefined) return []
  return chainWitness(scene)
    .onDevice(deviceId)
    .map((one) => ({ ...one, against: true }))
}

function lostDevice(scene: Scene, deviceId: number): Suspect {
  const device = scene.tables.mappings.device(deviceId)
  const denied = chainAgainst(scene, deviceId)
  return suspect(
    'D209',
    { deviceId, valid: device !== undefined },
    {
      confidence: denied.length > 0 ? 'inferred' : confidence(scene),
      deviceId,
      at: device?.at,
      rows: [device && entryAt(scene.memory, 'DTE', device.at, deviceName(deviceId), 'lost')],
      evidence: [...testimonies(scene, scene.beliefs.device(deviceId), '', 'live'), ...denied],
      effect: losing(liveEvents(scene, deviceId), 1),
    },
  )
}

function* otherDevice(scene: Scene, clean: Mappings, deviceId: number): Generator<Suspect> {
  const place = scene.beliefs.place(deviceId)
  const device = clean.device(deviceId)!
  if (!isMisplaced(device, place)) return
  const { ittAddr, eventIdBits, at } = device
  const words = (itt: number, bits: number) => `ITT ${hex(itt)} and ${bits} EventID bits`
  yield suspect(
    'D212',
    { deviceId, table: words(ittAddr, eventIdBits), guest: words(place.ittAddr!, place.eventIdBits ?? eventIdBits) },
    {
      confidence: confidence(scene),
      deviceId,
      at,
      rows: [entryAt(scene.memory, 'DTE', at, deviceName(deviceId), 'not as mapped')],
      evidence: testimonies(scene, scene.beliefs.device(deviceId), '', 'live'),
      effect: declared('corrupts'),
    },
  )
}

function* lostEvents(scene: Scene, without: SimulatedRestore, deviceId: number, takenOut: ReadonlySet<Gpa>): Generator<Suspect> {
  const restores = [without.mappings, ...asSaved(scene)]
  const device = restores.map((mappings) => mappings.device(deviceId)).find((one) => one !== undefined)!
  for (const eventId of scene.beliefs.eventIds(deviceId)) {
    if (scene.beliefs.eventBelief(deviceId, eventId) !== 'live') continue
    if (takenOut.has((device.ittAddr + eventId * ENTRY_BYTES) as Gpa)) continue
    const back = restores.find((mappings) => mappings.row(deviceId, eventId) >= 0)
    if (back !== undefined) yield* otherEvent(scene, back, deviceId, eventId)
    else yield takenEvent(scene, without, device, eventId) ?? lostEvent(scene, device, eventId)
  }
}

function lostEvent(scene: Scene, device: MappedDevice, eventId: number): Suspect {
  const { deviceId } = device
  const valid = scene.tables.mappings.row(deviceId, eventId) >= 0
  return suspect(
    'I307',
    { deviceId, eventId, valid },
    {
      ...aboutEvent(scene, device, eventId, 'lost'),
      effect: losing([[deviceId, eventId]]),
    },
  )
}

/** An event that shares its LPI with one that a restore brings back before it: no bytes make this kernel restore both. */
function takenEvent(
  scene: Scene,
  { mappings, taken }: SimulatedRestore,
  device: MappedDevice,
  eventId: number,
): Suspect | undefined {
  const { deviceId } = device
  const entries = scene.tables.mappings
  const row = taken.get(deviceId)?.has(eventId) ? entries.row(deviceId, eventId) : -1
  const lpi = entries.events.lpi[row] ?? 0
  const holder = holderOf(scene, mappings, lpi)
  if (holder === undefined) return undefined
  return suspect(
    'I310',
    { deviceId, eventId, lpi, count: 1, ...holder },
    {
      ...aboutEvent(scene, device, eventId, 'passed over'),
      effect: losing([[deviceId, eventId]]),
      fix: { says: 'none: this kernel maps an LPI for one event only', safe: false, writes: [] },
    },
  )
}

/** Who has an LPI after a restore: an event of this ITS, or of one that is restored before. */
function holderOf(scene: Scene, mappings: Mappings, lpi: number): Pick<SharedLpi, 'other' | 'elsewhere'> | undefined {
  for (const one of scene.vm) {
    const holder = (one === scene ? mappings : one.restored.mappings).eventWith(lpi)
    if (holder === undefined) continue
    const [deviceId, eventId] = holder
    return { other: { deviceId, eventId }, elsewhere: one === scene ? '' : itsName(one.its) }
  }
  return undefined
}

function* otherEvent(scene: Scene, clean: Mappings, deviceId: number, eventId: number): Generator<Suspect> {
  const row = clean.row(deviceId, eventId)
  const [lpi, icid] = [clean.events.lpi[row]!, clean.events.icid[row]!]
  const target = scene.beliefs.target(deviceId, eventId)
  if ((target.lpi ?? lpi) === lpi && (target.icid ?? icid) === icid) return
  const table = `LPI ${lpi} in collection ${icid}`
  const guest = `LPI ${target.lpi ?? lpi} in collection ${target.icid ?? icid}`
  yield suspect('I308', { deviceId, eventId, table, guest }, aboutEvent(scene, clean.device(deviceId)!, eventId, 'not as mapped'))
}

function aboutEvent(scene: Scene, { deviceId, ittAddr }: MappedDevice, eventId: number, role: string) {
  const at = (ittAddr + eventId * ENTRY_BYTES) as Gpa
  return {
    confidence: confidence(scene),
    deviceId,
    eventId,
    at,
    rows: [entryAt(scene.memory, 'ITE', at, `event ${eventId}`, role)],
    evidence: testimonies(scene, scene.beliefs.event(deviceId, eventId), '', 'live'),
    effect: declared('corrupts'),
  }
}
