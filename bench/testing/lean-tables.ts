// Save and restore of the lean ITS (`lean-its.ts`), with or without heads: an entry at index 0 that tells the first one that is valid.
import { BLOCK_WORDS } from './lean-events.ts'
import { addressOf, FIRST_LPI, L2_ENTRIES, type LeanIts, LPI_LIMIT, UNKNOWN } from './lean-its.ts'

/** The largest distance that a DTE can tell. */
const DTE_NEXT = 0x3fff

/** False when an ITT is not in RAM. */
export function saveLean(its: LeanIts, heads: boolean): boolean {
  const { ram } = its
  let before = -1
  let beforeId = 0
  let table = -1
  for (let id = its.deviceFrom(0); id >= 0; id = its.deviceFrom(id + 1)) {
    const slot = its.slot[id]! - 1
    const dte = its.dte(id)
    if (dte < 0) continue
    if (!saveItt(its, slot, heads)) return false
    if (before >= 0) ram.words[2 * before + 1]! |= Math.min(id - beforeId, DTE_NEXT) << 17
    const page = its.itt[slot]! / 256
    ram.write(dte, (page << 5) | (its.bits[slot]! - 1), 0x8000_0000 | Math.floor(page / 2 ** 27))
    const index = id & (L2_ENTRIES - 1)
    if (heads && id - index !== table && index !== 0) ram.write(dte - index, 0, Math.min(index, DTE_NEXT) << 17)
    table = id - index
    before = dte
    beforeId = id
  }
  saveCollections(its)
  return true
}

function saveItt({ events, ram, itt, bits }: LeanIts, slot: number, heads: boolean): boolean {
  const { words } = ram
  const { ite } = events
  const base = ram.entry(itt[slot]!)
  if (base < 0 || ram.entry(itt[slot]! + (8 << bits[slot]!) - 8) < 0) return false
  let before = -1
  let beforeId = 0
  for (let block = events.first(slot); block !== 0; block = events.next(block)) {
    const first = events.firstEvent(block)
    for (let n = 0, at = block * BLOCK_WORDS; n < BLOCK_WORDS / 2; n++, at += 2) {
      const lpi = ite[at]!
      if (lpi === 0) continue
      const eventId = first + n
      if (before >= 0) words[before + 1]! |= (eventId - beforeId) << 16
      else if (heads && eventId !== 0) ram.write(base, 0, eventId << 16)
      before = 2 * (base + eventId)
      beforeId = eventId
      words[before] = (lpi << 16) | ite[at + 1]!
      words[before + 1] = lpi >>> 16
    }
  }
  return true
}

function saveCollections({ ram, registers, icids, target }: LeanIts): void {
  let cte = ram.entry(registers.collectionTable)
  for (const icid of icids) {
    const vcpu = target[icid]!
    ram.write(cte++, (vcpu << 16) | icid, 0x8000_0000 | (vcpu >>> 16))
  }
  ram.write(cte, 0, 0)
}

/** Into an ITS that has nothing mapped. False where KVM fails. */
export function restoreLean(its: LeanIts, heads: boolean): boolean {
  const { ram, registers } = its
  if (!restoreCollections(its)) return false
  const first = ram.entry(registers.deviceTable)
  for (
    let n = ram.skipZeros(first, first + L2_ENTRIES) - first;
    n < L2_ENTRIES;
    n = ram.skipZeros(first + n + 1, first + L2_ENTRIES) - first
  ) {
    const hi = ram.words[2 * (first + n) + 1]!
    if (hi >= 0) continue
    const page = ram.entry(addressOf(ram.words[2 * (first + n)]!, hi))
    const answer = page < 0 ? FAILED : restoreDevices(its, page, n * L2_ENTRIES, heads)
    if (answer !== GO_ON) return answer === LAST
  }
  return true
}

const FAILED = 0
const LAST = 1
const GO_ON = 2

function restoreDevices(its: LeanIts, page: number, firstId: number, heads: boolean): number {
  const { words } = its.ram
  for (let k = 0; k < L2_ENTRIES; ) {
    const lo = words[2 * (page + k)]!
    const hi = words[2 * (page + k) + 1]!
    const next = (hi >>> 17) & DTE_NEXT
    if (hi < 0) {
      const bits = (lo & 31) + 1
      if (bits > 16) return FAILED
      const slot = its.addDevice(firstId + k, ((hi & 0x1ffff) * 2 ** 27 + (lo >>> 5)) * 256, bits)
      if (!restoreItt(its, slot, heads)) return FAILED
      if (next === 0) return LAST
      k += next
    } else k += heads && k === 0 && next !== 0 ? next : 1
  }
  return GO_ON
}

function restoreItt(its: LeanIts, slot: number, heads: boolean): boolean {
  const { ram, events, target } = its
  const { words } = ram
  const entries = 1 << its.bits[slot]!
  const base = ram.entry(its.itt[slot]!)
  if (base < 0 || base + entries > ram.entries) return false
  let hint = 0
  for (let eventId = 0; eventId < entries; ) {
    const lo = words[2 * (base + eventId)]!
    const hi = words[2 * (base + eventId) + 1]!
    const lpi = (lo >>> 16) | (hi << 16)
    const next = hi >>> 16
    if (lpi === 0) {
      if (heads && eventId === 0 && next !== 0) eventId = next
      else eventId = ram.skipZeros(base + eventId + 1, base + entries) - base
      continue
    }
    const icid = lo & 0xffff
    if (lpi >>> 0 < FIRST_LPI || lpi >>> 0 >= LPI_LIMIT || eventId + next >= entries || target[icid] === UNKNOWN) return false
    if (!its.mapLpi(lpi, target[icid]!)) return false
    hint = events.add(slot, eventId, lpi, icid, hint)
    if (next === 0) return true
    eventId += next
  }
  return true
}

function restoreCollections({ ram, registers, icids, target }: LeanIts): boolean {
  for (let cte = ram.entry(registers.collectionTable); ; cte++) {
    const lo = ram.words[2 * cte]!
    const hi = ram.words[2 * cte + 1]!
    if (hi >= 0) return true
    const icid = lo & 0xffff
    if (target[icid] !== UNKNOWN) return false
    target[icid] = (lo >>> 16) | (hi << 16)
    icids.push(icid)
  }
}
