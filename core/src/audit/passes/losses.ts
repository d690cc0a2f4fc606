import { ENTRY_BYTES, hex, ID_LIMIT } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { entryAt } from '../entries.ts'
import { declared, type Suspect } from '../finding.ts'
import type { DeviceRecord } from '../history.ts'
import type { Mappings } from '../mappings.ts'
import { confidence, type Scene, testimonies } from '../scene.ts'

/**
 * What the guest has mapped and a restore does not bring back, or brings back as something else, once every suspect entry is
 * out: `clean` is what such a restore gives.
 */
export function* lossPass(scene: Scene, clean: Mappings): Generator<Suspect> {
  yield* lostCollections(scene, clean)
  const live = scene.beliefs.deviceIds.filter((deviceId) => scene.beliefs.device(deviceId).belief === 'live')
  if (live.length > 0 && scene.tables.mappings.devices.length === 0) {
    yield plain(scene, 'D211', { devices: live.length }, 'The tables hold no valid device table entry')
    return
  }
  for (const deviceId of live) {
    if (clean.device(deviceId) === undefined) yield lostDevice(scene, deviceId)
    else {
      yield* otherDevice(scene, clean, deviceId)
      yield* lostEvents(scene, clean, deviceId)
    }
  }
}

function* lostCollections(scene: Scene, clean: Mappings): Generator<Suspect> {
  const { collections } = scene.beliefs.history
  const used = eventsByCollection(scene)
  for (const [icid, { rdBase }] of [...collections].sort(([a], [b]) => a - b)) {
    const restored = clean.collections.get(icid)
    if (rdBase === undefined) {
      const events = used.get(icid) ?? 0
      if (events > 0)
        yield { ...plain(scene, 'C107', { icid, events }, `MAPC ICID ${icid} V=0`), icid, effect: declared('latent') }
    } else if (restored === undefined) {
      yield { ...plain(scene, 'C105', { icid, rdBase }, `MAPC ICID ${icid} RDbase ${rdBase}`), icid }
    } else if (restored !== rdBase) {
      yield { ...plain(scene, 'C106', { icid, restored, believed: rdBase }, `MAPC ICID ${icid} RDbase ${rdBase}`), icid }
    }
  }
}

function eventsByCollection({ beliefs }: Scene): Map<number, number> {
  const used = new Map<number, number>()
  for (const { mapped, events } of beliefs.history.devices.values()) {
    if (!mapped) continue
    for (const { icid } of events.values()) if (icid !== undefined) used.set(icid, (used.get(icid) ?? 0) + 1)
  }
  return used
}

type PlainCode = 'C105' | 'C106' | 'C107' | 'D211'

function plain<C extends PlainCode>(scene: Scene, code: C, detail: Suspect<C>['detail'], says: string): Suspect {
  return {
    code,
    detail: detail as Suspect['detail'],
    confidence: confidence(scene),
    at: undefined,
    entries: [],
    evidence: [{ witness: 'command queue', says, at: undefined }],
    removal: [],
    fix: { says: '', safe: false, writes: [] },
    effect: declared('corrupts'),
  }
}

function lostDevice(scene: Scene, deviceId: number): Suspect {
  const device = scene.tables.mappings.device(deviceId)
  const entry = device && entryAt(scene.memory, 'DTE', device.at, `DeviceID ${hex(deviceId)}`, 'lost')
  return {
    code: 'D209',
    detail: { deviceId, valid: device !== undefined },
    confidence: confidence(scene),
    deviceId,
    at: device?.at,
    entries: entry === undefined ? [] : [entry],
    evidence: testimonies(scene, scene.beliefs.device(deviceId), '', 'mapped'),
    removal: [],
    fix: { says: '', safe: false, writes: [] },
    effect: declared('corrupts'),
  }
}

function* otherDevice(scene: Scene, clean: Mappings, deviceId: number): Generator<Suspect> {
  const told = scene.beliefs.history.devices.get(deviceId)
  const { ittAddr, eventIdBits, at } = clean.device(deviceId)!
  if (told?.ittAddr === undefined || (told.ittAddr === ittAddr && told.eventIdBits === eventIdBits)) return
  const entry = entryAt(scene.memory, 'DTE', at, `DeviceID ${hex(deviceId)}`, 'not as mapped')
  const words = (itt: number, bits: number | undefined) => `ITT ${hex(itt)} and ${bits} EventID bits`
  yield {
    code: 'D212',
    detail: { deviceId, table: words(ittAddr, eventIdBits), guest: words(told.ittAddr, told.eventIdBits) },
    confidence: confidence(scene),
    deviceId,
    at,
    entries: entry === undefined ? [] : [entry],
    evidence: testimonies(scene, scene.beliefs.device(deviceId), '', 'mapped'),
    removal: [],
    fix: { says: '', safe: false, writes: [] },
    effect: declared('corrupts'),
  }
}

function* lostEvents(scene: Scene, clean: Mappings, deviceId: number): Generator<Suspect> {
  const told = scene.beliefs.history.devices.get(deviceId)
  for (const eventId of scene.beliefs.eventIds(deviceId)) {
    if (scene.beliefs.eventBelief(deviceId, eventId) !== 'live') continue
    const row = clean.row(deviceId, eventId)
    if (row < 0) yield lostEvent(scene, clean, deviceId, eventId)
    else yield* otherEvent(scene, clean, told, deviceId, eventId)
  }
}

function lostEvent(scene: Scene, clean: Mappings, deviceId: number, eventId: number): Suspect {
  return eventSuspect(scene, clean, deviceId, eventId, {
    code: 'I307',
    detail: { deviceId, eventId, valid: scene.tables.mappings.row(deviceId, eventId) >= 0 },
  })
}

function* otherEvent(
  scene: Scene,
  clean: Mappings,
  told: DeviceRecord | undefined,
  deviceId: number,
  eventId: number,
): Generator<Suspect> {
  const row = clean.row(deviceId, eventId)
  const [lpi, icid] = [clean.events.lpi[row]!, clean.events.icid[row]!]
  const record = told?.events.get(eventId)
  if (record === undefined) return
  if ((record.lpi ?? lpi) === lpi && (record.icid ?? icid) === icid) return
  yield eventSuspect(scene, clean, deviceId, eventId, {
    code: 'I308',
    detail: {
      deviceId,
      eventId,
      table: `LPI ${lpi} in collection ${icid}`,
      guest: `LPI ${record.lpi ?? lpi} in collection ${record.icid ?? icid}`,
    },
  })
}

function eventSuspect(
  scene: Scene,
  clean: Mappings,
  deviceId: number,
  eventId: number,
  what: Pick<Suspect, 'code' | 'detail'>,
): Suspect {
  const at = (clean.device(deviceId)!.ittAddr + (eventId % ID_LIMIT) * ENTRY_BYTES) as Gpa
  const entry = entryAt(scene.memory, 'ITE', at, `event ${eventId}`, what.code === 'I307' ? 'lost' : 'not as mapped')
  return {
    ...what,
    confidence: confidence(scene),
    deviceId,
    eventId,
    at,
    entries: entry === undefined ? [] : [entry],
    evidence: testimonies(scene, scene.beliefs.event(deviceId, eventId), '', 'mapped'),
    removal: [],
    fix: { says: '', safe: false, writes: [] },
    effect: declared('corrupts'),
  }
}
