import { ENTRY_BYTES, L1E, L2_ENTRIES, type ProfileId, profileIds, profiles, type Quirks } from '../abi/index.ts'
import type { Its } from '../its/index.ts'
import type { Gpa } from '../memory/index.ts'
import { DtePlaces, dteBlocks } from '../tables/index.ts'
import { eachEvent } from './live.ts'
import { ittStretch, overlappingItts } from './overlaps.ts'

/** One thing that no bytes in guest RAM can help. */
interface SealLimitRow {
  readonly says: string
  /** Which kernels it concerns, given the quirks of the one that has the state now. Absent: every kernel. */
  readonly concerns?: (quirks: Quirks, own: Quirks) => boolean
}

/** What a sealed save cannot make every kernel restore. */
export const sealLimitRows = {
  'no-device': { says: 'no device is mapped: the restore fails with EINVAL', concerns: (q) => q['restore-needs-last-entry'] },
  'no-event': { says: 'the device has no event: the restore leaves it out', concerns: (q) => q['restore-needs-last-entry'] },
  'full-collection-table': {
    says: 'the collection table is full: the restore answers 1 and brings back no device',
    concerns: (q) => q['full-collection-table-ends-restore'],
  },
  'unmapped-collection': {
    says: 'the collection was named by MAPTI and never mapped: the restore fails with EINVAL',
    concerns: (q) => q['restore-refuses-unmapped-collection'],
  },
  'vcpu-number': {
    says: 'the vCPU’s number is not its index, and this kernel reads RDbase as the other of the two',
    concerns: (q, own) => q['target-is-index'] !== own['target-is-index'],
  },
  'shared-lpi': {
    says: 'another event has the LPI of this one: the restore leaves out whichever of them comes last',
    concerns: (q) => !q['lpi-mapped-by-many'],
  },
  'first-level-hole': {
    says: 'a first-level entry before this device is not valid: the restore ends there with success',
    concerns: (q) => q['proposed-head'],
  },
  'unstorable-device': { says: 'the device has no place in the device table: it cannot be saved' },
  'detached-event': { says: 'the event has no collection: it cannot be saved' },
  'table-outside-ram': { says: 'the scan on the way to the first live entry leaves guest RAM: the restore fails with EFAULT' },
  'shared-entries': {
    says: 'the entry or the ITT of the device shares bytes with another table in use: what one says, the other says too',
  },
} as const satisfies Record<string, SealLimitRow>

export type SealLimitName = keyof typeof sealLimitRows

/** A limit that this state meets. */
export interface SealLimit {
  readonly name: SealLimitName
  readonly deviceId?: number
  readonly eventId?: number
  readonly icid?: number
  /** The kernels that cannot restore the state exactly. */
  readonly profiles: readonly ProfileId[]
}

/** What of the state of an ITS no save can make every kernel restore. `slots`: the devices that can be saved. */
export function sealLimits(its: Its, slots: readonly number[]): SealLimit[] {
  const met = new MetLimits(its.gic.quirks)
  if (its.collectionTable.valid) collectionLimits(its, met)
  if (its.deviceTable.valid) deviceLimits(its, slots, met)
  return met.limits
}

/** The limits met so far. A VM with more events than LPIs meets one for each of its events. */
class MetLimits {
  readonly limits: SealLimit[] = []
  readonly #own: Quirks

  /** `own`: the quirks of the kernel that has the state. */
  constructor(own: Quirks) {
    this.#own = own
  }

  its(name: SealLimitName): void {
    this.limits.push({ name, profiles: concernedBy(name, this.#own) })
  }

  collection(name: SealLimitName, icid: number): void {
    this.limits.push({ name, icid, profiles: concernedBy(name, this.#own) })
  }

  device(name: SealLimitName, deviceId: number): void {
    this.limits.push({ name, deviceId, profiles: concernedBy(name, this.#own) })
  }

  event(name: SealLimitName, deviceId: number, eventId: number): void {
    this.limits.push({ name, deviceId, eventId, profiles: concernedBy(name, this.#own) })
  }
}

/** Which kernels a limit concerns, worked out once for each kernel that has the state. */
const concerned = new WeakMap<Quirks, Map<SealLimitName, readonly ProfileId[]>>()

function concernedBy(name: SealLimitName, own: Quirks): readonly ProfileId[] {
  return concerned.get(own)?.get(name) ?? findConcerned(name, own)
}

function findConcerned(name: SealLimitName, own: Quirks): readonly ProfileId[] {
  const { concerns }: SealLimitRow = sealLimitRows[name]
  const ids = profileIds.filter((id) => concerns?.(profiles[id].quirks, own) ?? true)
  concerned.set(own, (concerned.get(own) ?? new Map()).set(name, ids))
  return ids
}

function collectionLimits({ collections, collectionTable, gic }: Its, met: MetLimits): void {
  for (const icid of collections.order) {
    const vcpu = collections.target(icid)
    if (vcpu < 0) met.collection('unmapped-collection', icid)
    else if (gic.redistributors[vcpu]!.vcpuId !== vcpu) met.collection('vcpu-number', icid)
  }
  if (collections.order.length * ENTRY_BYTES === collectionTable.bytes) met.its('full-collection-table')
}

function deviceLimits(its: Its, slots: readonly number[], met: MetLimits): void {
  const { devices, events, gic, memory } = its
  if (slots.length === 0) met.its('no-device')
  const places = new DtePlaces(its)
  const isListed = collectionList(its)
  let before = -1
  for (let slot = devices.first(); slot >= 0; slot = devices.after(slot)) {
    const deviceId = devices.deviceId[slot]!
    const at = places.at(deviceId)
    if (at < 0) met.device('unstorable-device', deviceId)
    // A restore onto a live ITS may have given the DeviceID a second device: there is one entry for both.
    else if (isListed(at, 1) || deviceId === before) met.device('shared-entries', deviceId)
    before = deviceId
  }
  for (const slot of slots) {
    const deviceId = devices.deviceId[slot]!
    let first = 1 << devices.bits[slot]!
    let live = 0
    eachEvent(its, slot, (eventId, index) => {
      if (events.icid(index) < 0) met.event('detached-event', deviceId, eventId)
      else {
        if (live++ === 0) first = eventId
        if (gic.lpis.references(events.lpi(index)) > 1) met.event('shared-lpi', deviceId, eventId)
      }
    })
    if (live === 0) met.device('no-event', deviceId)
    if (!memory.contains(devices.ittAddr[slot]! as Gpa, first * ENTRY_BYTES)) met.device('table-outside-ram', deviceId)
  }
  blockLimits(its, slots, met)
  sharedPages(its, slots, met)
  const itts = slots.map((slot) => ittStretch(devices.deviceId[slot]!, devices.ittAddr[slot]!, devices.bits[slot]!))
  for (const deviceId of overlappingItts(memory, its, itts)) met.device('shared-entries', deviceId)
}

/** What the scan meets between the devices: holes in the first level, and pages that are not in RAM. */
function blockLimits(its: Its, slots: readonly number[], met: MetLimits): void {
  const { devices, deviceTable, memory } = its
  const { indirect, base, bytes } = deviceTable
  const isListed = collectionList(its)
  const firsts = new Map<number, number>()
  for (const slot of slots) {
    const deviceId = devices.deviceId[slot]!
    const block = indirect ? deviceId - (deviceId % L2_ENTRIES) : 0
    if (!firsts.has(block)) firsts.set(block, deviceId)
  }
  const last = slots.length === 0 ? Number.POSITIVE_INFINITY : devices.deviceId[slots.at(-1)!]!
  for (const block of dteBlocks(memory, deviceTable)) {
    if (block.firstId > last) continue
    const first = firsts.get(block.firstId)
    const scanned = first === undefined ? block.entries : first - block.firstId
    if (!memory.contains(block.base, scanned * ENTRY_BYTES)) met.its('table-outside-ram')
    if (isListed(block.base, scanned)) met.its('shared-entries')
  }
  if (!indirect) return
  const pages = Math.min(bytes / ENTRY_BYTES, Math.floor(last / L2_ENTRIES))
  if (isListed(base, Math.min(bytes / ENTRY_BYTES, pages + 1))) met.its('shared-entries')
  if (!memory.contains(base as Gpa, pages * ENTRY_BYTES)) met.its('table-outside-ram')
  if (slots.length === 0) return
  for (let page = 1; page < pages; page++) {
    const hi = memory.contains((base + page * ENTRY_BYTES) as Gpa) ? memory.u32((base + page * ENTRY_BYTES + 4) as Gpa) : 0
    if (L1E.fields.valid.get(0, hi) !== 0) continue
    met.device('first-level-hole', last)
    return
  }
}

/** Tells whether CTEs lie among the entries from an address on: the scan of the device table would take them for its own. */
function collectionList({ collections, collectionTable }: Its): (base: number, entries: number) => boolean {
  const from = collectionTable.base
  const to = collectionTable.valid ? from + collections.order.length * ENTRY_BYTES : from
  return (base, entries) => from < to && base < to && base + entries * ENTRY_BYTES > from
}

/** Devices whose second-level page the scan visits again under other DeviceIDs, because two first-level entries name it. */
function sharedPages({ devices, deviceTable, memory }: Its, slots: readonly number[], met: MetLimits): void {
  if (!deviceTable.indirect || slots.length === 0) return
  const pageOf = (index: number) => {
    const at = (deviceTable.base + index * ENTRY_BYTES) as Gpa
    if (!memory.contains(at, ENTRY_BYTES)) return undefined
    const [lo, hi] = [memory.u32(at), memory.u32((at + 4) as Gpa)]
    return L1E.fields.valid.get(lo, hi) === 1 ? L1E.fields.l2Addr.get(lo, hi) : undefined
  }
  const ids = slots.map((slot) => devices.deviceId[slot]!)
  const visited = Array.from({ length: Math.floor(ids.at(-1)! / L2_ENTRIES) + 1 }, (_, index) => pageOf(index))
  for (const deviceId of ids) {
    const own = Math.floor(deviceId / L2_ENTRIES)
    if (visited.some((page, index) => page === visited[own] && index !== own)) met.device('shared-entries', deviceId)
  }
}
