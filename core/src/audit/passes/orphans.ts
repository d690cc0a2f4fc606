import { ENTRY_BYTES, FIRST_LPI, LPI_LIMIT, MAX_EVENTID_BITS } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { EventSet } from '../../tables/index.ts'
import type { Witnesses } from '../beliefs.ts'
import type { ChainWitness } from '../chain-witness.ts'
import { debugfsWitness } from '../debugfs-witness.ts'
import { clearing } from '../effect.ts'
import { entryAt } from '../entries.ts'
import { type Confidence, cleared, type EventId, type Evidence, evidence, type Suspect, suspect } from '../finding.ts'
import { liveWords } from '../live-words.ts'
import type { LpiWitness } from '../lpi-witness.ts'
import type { MappedDevice } from '../mappings.ts'
import { deviceName, eventName } from '../names.ts'
import { once } from '../once.ts'
import { rowBeliefs } from '../row-beliefs.ts'
import type { Scene } from '../scene.ts'
import { chainWitness, lpiWitness } from '../table-witnesses.ts'
import { proof, testimonies } from '../testimony.ts'

/** Entries that are valid in RAM and that the guest does not have mapped. */
export class Orphans {
  /** DTEs, and ITEs of devices that are live. */
  readonly entries = new EventSet()
  /** Those of them that a witness proves to be orphans. */
  readonly proven = new EventSet()

  hasDevice(deviceId: number): boolean {
    return this.entries.hasDevice(deviceId)
  }

  /** An ITE of an orphan DTE is one too. */
  hasEvent(deviceId: number, eventId: number): boolean {
    return this.entries.hasDevice(deviceId) || this.entries.hasEvent(deviceId, eventId)
  }

  /** How sure it is that a device is an orphan. */
  deviceConfidence(deviceId: number): Confidence {
    return this.proven.hasDevice(deviceId) ? 'proven' : 'inferred'
  }

  /** The same of an event: by its DTE where that is one. */
  eventConfidence(deviceId: number, eventId: number): Confidence {
    if (this.entries.hasDevice(deviceId)) return this.deviceConfidence(deviceId)
    return this.proven.hasEvent(deviceId, eventId) ? 'proven' : 'inferred'
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

/** The orphans of an ITS, and what is found about each. */
export interface OrphanSurvey {
  readonly orphans: Orphans
  readonly suspects: readonly Suspect[]
  /** There are more than become findings. */
  readonly unlisted: boolean
}

/** Finds the orphans of a scene, once. */
export const orphansOf = (scene: Scene): OrphanSurvey => scene.once(survey)

function survey(scene: Scene): OrphanSurvey {
  const orphans = new Orphans()
  const suspects = [...orphanPass(scene, orphans)]
  const { devices, eventCount } = orphans.entries
  return { orphans, suspects, unlisted: devices.size > scene.budget.findings || eventCount > scene.budget.findings }
}

/**
 * Finds orphans, and adds them to `orphans`.
 *
 * Proven where a witness says that the mapping is gone and none speaks for it; inferred where none knows it and it cannot stand
 * beside a mapping that is live: another has its LPI, or its ITT holds what is no entry; or KVM did not have it at another moment.
 */
function* orphanPass(scene: Scene, orphans: Orphans): Generator<Suspect> {
  const [lpis, chains] = [lpiWitness(scene), chainWitness(scene)]
  for (const device of scene.tables.mappings.devices) {
    const { deviceId } = device
    const witnesses = scene.beliefs.device(deviceId)
    if (device.eventIdBits > MAX_EVENTID_BITS && witnesses.belief !== 'live') {
      orphans.entries.addDevice(deviceId)
      yield oversized(scene, device)
      continue
    }
    const signs = signsOf(scene, { lpis, chains }, device, witnesses)
    if (signs.length > 0) yield* orphanDevice(scene, orphans, device, signs)
    else yield* orphanEvents(scene, orphans, { lpis, chains }, device)
  }
}

/** What speaks for it that a device is an orphan, and against it; nothing where it is none. */
function signsOf(scene: Scene, { lpis, chains }: TableWitnesses, device: MappedDevice, witnesses: Witnesses): Evidence[] {
  const { deviceId } = device
  if (witnesses.belief !== 'dead' && witnesses.belief !== 'unknown') return []
  const passed = chains.onDevice(deviceId)
  if (witnesses.belief === 'unknown' && passed.length === 0)
    return [...rubbish(scene, device), ...usurped(scene, device), ...debugfsWitness(scene).onDevice(deviceId)]
  const said = testimonies(scene, witnesses, `never maps ${deviceName(deviceId)}`, 'dead')
  return [...said, ...passed, ...lpis.onDevice(device)]
}

/** No device of KVM has such a size: whatever the entry is, it was never mapped. */
function oversized({ memory }: Scene, { deviceId, at, eventIdBits }: MappedDevice): Suspect {
  return suspect(
    'D202',
    { deviceId, bits: eventIdBits },
    {
      deviceId,
      at,
      rows: [entryAt(memory, 'DTE', at, deviceName(deviceId), 'no device')],
      ...cleared([clearing(memory, at)], true),
    },
  )
}

function* orphanDevice(
  scene: Scene,
  orphans: Orphans,
  { deviceId, at }: MappedDevice,
  signs: readonly Evidence[],
): Generator<Suspect> {
  const sure = proof(scene, signs)
  orphans.entries.addDevice(deviceId)
  if (sure === 'proven') orphans.proven.addDevice(deviceId)
  if (orphans.entries.devices.size > scene.budget.findings) return
  const rows = [entryAt(scene.memory, 'DTE', at, deviceName(deviceId), 'orphan')]
  const mend = cleared([clearing(scene.memory, at)], sure === 'proven')
  yield suspect('D203', { deviceId }, { confidence: sure, deviceId, at, evidence: signs, rows, ...mend })
}

/** What makes an ITT that no witness knows look like freed memory. */
function rubbish({ tables: { mappings }, view }: Scene, { deviceId, first, count }: MappedDevice): Evidence[] {
  const { eventId, lpi, icid } = mappings.events
  for (let row = first; row < first + count; row++) {
    const place = `${eventName(deviceId, eventId[row]!)} has`
    const says =
      lpi[row]! < FIRST_LPI || lpi[row]! >= LPI_LIMIT
        ? `${place} pINTID ${lpi[row]}, which is no LPI`
        : view.collectionTable.valid && !mappings.collections.has(icid[row]!)
          ? `${place} ICID ${icid[row]}, which is in no collection`
          : undefined
    if (says !== undefined) return [evidence('R-itt-foreign', says, undefined)]
  }
  return []
}

/** What makes an ITT that no witness knows look like another device's by now. */
function usurped(scene: Scene, { deviceId, ittAddr, first, count }: MappedDevice): Evidence[] {
  const { eventId } = scene.tables.mappings.events
  for (let row = first; row < first + count; row++) {
    const at = (ittAddr + eventId[row]! * ENTRY_BYTES) as Gpa
    const owner = liveWords(scene).get(at)
    if (owner === undefined || owner === deviceId) continue
    return [evidence('R-itt-taken', `its ITT holds a live event of ${deviceName(owner)}`, at)]
  }
  return []
}

/** What the tables themselves tell. */
interface TableWitnesses {
  readonly lpis: LpiWitness
  readonly chains: ChainWitness
}

function* orphanEvents(
  scene: Scene,
  orphans: Orphans,
  { lpis, chains }: TableWitnesses,
  device: MappedDevice,
): Generator<Suspect> {
  const { events } = scene.tables.mappings
  const { deviceId, first, count } = device
  const passed = once(() => chains.onEventsOf(device))
  for (let row = first; row < first + count; row++) {
    const eventId = events.eventId[row]!
    const lpi = events.lpi[row]!
    const belief = rowBeliefs(scene)[row]!
    if (belief === 'live' || belief === 'disputed') continue
    const chain = passed()(eventId)
    const unlisted = belief === 'unknown' ? debugfsWitness(scene).onEvent(deviceId, eventId) : []
    if (belief === 'unknown' && chain.length === 0 && !lpis.isTaken(lpi) && unlisted.length === 0) continue
    orphans.entries.addEvent(deviceId, eventId)
    if (orphans.entries.eventCount > scene.budget.findings) continue
    const said = testimonies(scene, scene.beliefs.event(deviceId, eventId), `never maps event ${eventId}`, 'dead')
    const signs = [...said, ...chain, ...unlisted, ...lpis.onEvent(lpi)]
    const sure = proof(scene, signs)
    if (sure === 'proven') orphans.proven.addEvent(deviceId, eventId)
    const at = (device.ittAddr + eventId * ENTRY_BYTES) as Gpa
    const rows = [entryAt(scene.memory, 'ITE', at, `event ${eventId}`, 'orphan')]
    const mend = liveWords(scene).has(at) ? {} : cleared([clearing(scene.memory, at)], sure === 'proven')
    yield suspect('I303', { deviceId, eventId }, { confidence: sure, deviceId, eventId, at, evidence: signs, rows, ...mend })
  }
}
