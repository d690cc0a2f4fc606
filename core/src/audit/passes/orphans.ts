import { ENTRY_BYTES, FIRST_LPI, hex, ID_LIMIT, LPI_LIMIT } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { clearing } from '../effect.ts'
import { entryAt } from '../entries.ts'
import type { Confidence, EventId, Evidence, Suspect } from '../finding.ts'
import type { MappedDevice } from '../mappings.ts'
import { confidence, eventKey, type Scene, testimonies } from '../scene.ts'

/** Entries that are valid in RAM and that the guest does not have mapped. */
export class Orphans {
  readonly devices = new Map<number, Confidence>()
  readonly events = new Map<number, Confidence>()

  hasDevice(deviceId: number): boolean {
    return this.devices.has(deviceId)
  }

  hasEvent(deviceId: number, eventId: number): boolean {
    return this.devices.has(deviceId) || this.events.has(eventKey(deviceId, eventId))
  }

  /** Every orphan ITE of the tables, those of orphan DTEs included; the first `most`. */
  list({ tables: { mappings } }: Scene, most: number): EventId[] {
    const list: EventId[] = []
    for (const { deviceId, first, count } of mappings.devices) {
      for (let row = first; row < first + count && list.length < most; row++) {
        const eventId = mappings.events.eventId[row]!
        if (this.hasEvent(deviceId, eventId)) list.push([deviceId, eventId])
      }
    }
    return list
  }
}

/**
 * Finds orphans, and adds them to `orphans`.
 *
 * Proven where a witness says that the mapping is gone; inferred where none knows it and it cannot stand beside a mapping that
 * is proven live: another has its LPI or its ITT, or its ITT holds what is no entry.
 */
export function* orphanPass(scene: Scene, orphans: Orphans): Generator<Suspect> {
  const live = liveClaims(scene)
  for (const device of scene.tables.mappings.devices) {
    const witnesses = scene.beliefs.device(device.deviceId)
    const proof = witnesses.belief === 'dead' ? confidence(scene) : 'inferred'
    const evidence =
      witnesses.belief === 'dead'
        ? testimonies(scene, witnesses, `never maps DeviceID ${hex(device.deviceId)}`, 'unmapped')
        : witnesses.belief === 'unknown'
          ? rubbish(scene, device)
          : []
    if (evidence.length === 0) yield* orphanEvents(scene, orphans, live, device)
    else {
      orphans.devices.set(device.deviceId, proof)
      yield orphanDevice(scene, device, proof, evidence)
    }
  }
}

function orphanDevice(scene: Scene, { deviceId, at }: MappedDevice, proof: Confidence, evidence: readonly Evidence[]): Suspect {
  const entry = entryAt(scene.memory, 'DTE', at, `DeviceID ${hex(deviceId)}`, 'orphan')
  const removal = [clearing(scene.memory, at)]
  return {
    code: 'D203',
    detail: { deviceId },
    confidence: proof,
    deviceId,
    at,
    entries: entry === undefined ? [] : [entry],
    evidence,
    removal,
    fix: { says: `clear ${hex(at)}, 8 bytes`, safe: proof === 'proven', writes: removal },
  }
}

/** What makes an ITT that no witness knows look like freed memory. */
function rubbish({ tables: { mappings }, view }: Scene, { deviceId, first, count }: MappedDevice): Evidence[] {
  const { eventId, lpi, icid } = mappings.events
  for (let row = first; row < first + count; row++) {
    const place = `event ${eventId[row]} of DeviceID ${hex(deviceId)} has`
    const says =
      lpi[row]! < FIRST_LPI || lpi[row]! >= LPI_LIMIT
        ? `${place} pINTID ${lpi[row]}, which is no LPI`
        : view.collectionTable.valid && !mappings.collections.has(icid[row]!)
          ? `${place} ICID ${icid[row]}, which is in no collection`
          : undefined
    if (says !== undefined) return [{ witness: 'tables', says, at: undefined }]
  }
  return []
}

/** LPI to the live event that has it; -1 where none is known. */
function liveClaims({ tables: { mappings }, beliefs }: Scene): Int32Array {
  const claims = new Int32Array(ID_LIMIT).fill(-1)
  mappings.devices.forEach(({ deviceId, first, count }, index) => {
    for (let row = first; row < first + count; row++) {
      const lpi = mappings.events.lpi[row]!
      if (lpi < ID_LIMIT && beliefs.eventBelief(deviceId, mappings.events.eventId[row]!) === 'live') claims[lpi] = index
    }
  })
  return claims
}

function* orphanEvents(scene: Scene, orphans: Orphans, live: Int32Array, device: MappedDevice): Generator<Suspect> {
  const { eventId: ids, lpi: lpis } = scene.tables.mappings.events
  const { deviceId, first, count } = device
  for (let row = first; row < first + count; row++) {
    const eventId = ids[row]!
    const belief = scene.beliefs.eventBelief(deviceId, eventId)
    const claimant = belief === 'unknown' ? live[lpis[row]!] : undefined
    if (belief !== 'dead' && (claimant ?? -1) < 0) continue
    const proof = belief === 'dead' ? confidence(scene) : 'inferred'
    orphans.events.set(eventKey(deviceId, eventId), proof)
    const owner = scene.tables.mappings.devices[claimant ?? -1]
    yield orphanEvent(
      scene,
      device,
      eventId,
      proof,
      owner === undefined
        ? testimonies(scene, scene.beliefs.event(deviceId, eventId), `never maps event ${eventId}`, 'unmapped')
        : [{ witness: 'tables', says: `LPI ${lpis[row]} is a live event's of DeviceID ${hex(owner.deviceId)}`, at: undefined }],
    )
  }
}

function orphanEvent(
  { memory }: Scene,
  { deviceId, ittAddr }: MappedDevice,
  eventId: number,
  proof: Confidence,
  evidence: readonly Evidence[],
): Suspect {
  const at = (ittAddr + eventId * ENTRY_BYTES) as Gpa
  const entry = entryAt(memory, 'ITE', at, `event ${eventId}`, 'orphan')
  const removal = [clearing(memory, at)]
  return {
    code: 'I303',
    detail: { deviceId, eventId },
    confidence: proof,
    deviceId,
    eventId,
    at,
    entries: entry === undefined ? [] : [entry],
    evidence,
    removal,
    fix: { says: `clear ${hex(at)}, 8 bytes`, safe: proof === 'proven', writes: removal },
  }
}
