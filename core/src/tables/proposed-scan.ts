import { ENTRY_BYTES, FIRST_LPI, ITE, L1E, L2_BYTES, L2_ENTRIES } from '../abi/index.ts'
import type { Gpa, ReadCursor, Where } from '../memory/index.ts'
import { isHead } from './heads.ts'
import type { ObjectionName } from './objections.ts'
import { ittScanLength } from './scan.ts'

/** The walk as a scan sees it; see `TableWalk`. */
export interface ScannedWalk {
  /** Where the walk reads; a visit may move it. */
  readonly cursor: ReadCursor
  count(entries: number): boolean
  /** Passes entries that are all zero from the cursor on. How many, at most `left`; ENDED at the limit. */
  passZeros(left: number): number
  object(name: ObjectionName, at: number, where?: Where): number
  visitDevice(deviceId: number, lo: number, hi: number, at: Gpa): number
  visitEvent(deviceId: number, eventId: number, pintid: number, icid: number, ittAddr: Gpa): number
}

const ENDED = -1
const LAST = 0
const L2_ADDR = L1E.fields.l2Addr
const { pintid: pintidOf, icid: icidOf, next: iteNext } = ITE.fields

/**
 * The scans of the November 2024 proposal, with its integers: callbacks answer the next *id*, a `u32` returned as `int`, and the
 * distance is taken from it. Each answers ENDED, LAST, or the id at which its block was left.
 *
 * @source J. Zhang, "KVM: arm64: vgic-its: Return device/event id instead of offset in ITS tables restore" and "Utilize the dummy
 * entry in ITS tables restoring", 5 Nov 2024, patches 3/4 and 4/4
 */
export function scanL1Proposed(walk: ScannedWalk, base: number, bytes: number): number {
  let at = base
  let left = bytes
  let index = 0
  let id = 0
  for (;;) {
    if (!walk.count(1)) return ENDED
    if (!walk.cursor.seek(at as Gpa)) return walk.object('l1e-unreadable', at, { deviceId: id })
    const lo = walk.cursor.words[walk.cursor.index]!
    const hi = walk.cursor.words[walk.cursor.index + 1]!
    // `id` is a DeviceID here; the hop over an invalid entry takes it for an index, so that all but the first go far past the end.
    if (hi >= 0) id = Math.imul(id + 1, L2_ENTRIES)
    else {
      const inPage = (id % L2_ENTRIES) * ENTRY_BYTES
      id = scanDtesProposed(walk, L2_ADDR.get(lo, hi) + inPage, L2_BYTES - inPage, id)
    }
    if (id === ENDED || id === LAST) return id
    if (id < 0) return walk.object('head-overflow', at)
    const step = ((Math.imul(id, ENTRY_BYTES) >>> 16) - index) | 0
    if (step === 0) return LAST
    const offset = Math.imul(step, ENTRY_BYTES) >>> 0
    if (offset >= left) return id
    index += step
    at += offset
    left -= offset
  }
}

/** Scans `bytes` of DTEs, the first of which belongs to `firstId`. */
export function scanDtesProposed(walk: ScannedWalk, base: number, bytes: number, firstId: number): number {
  let at = base
  let left = bytes
  let id = firstId
  for (;;) {
    if (!walk.count(1)) return ENDED
    if (!walk.cursor.seek(at as Gpa)) return walk.object('dte-unreadable', at, { deviceId: id })
    const lo = walk.cursor.words[walk.cursor.index]!
    const hi = walk.cursor.words[walk.cursor.index + 1]!
    let step = hi < 0 ? walk.visitDevice(id, lo, hi, at as Gpa) : headStep(lo, hi)
    if (step === ENDED && hi < 0) return ENDED
    const next = (id + step) | 0
    if (next === 0) return LAST
    if (next < 0) return walk.object('head-overflow', at, { deviceId: id })
    step = (next - id) | 0
    if (step === 0) return LAST
    const offset = Math.imul(step, ENTRY_BYTES) >>> 0
    if (offset >= left) return next
    id = next
    at += offset
    left -= offset
  }
}

/** How far an invalid DTE sends the scan: [48:16] of any with the magic, cut to 32 bits, else 1. */
function headStep(lo: number, hi: number): number {
  return isHead(lo) ? ((hi << 16) | (lo >>> 16)) >>> 0 : 1
}

export function scanIttProposed(walk: ScannedWalk, deviceId: number, ittAddr: Gpa, eventIdBits: number): number {
  const limit = 2 ** eventIdBits
  const end = ittScanLength(eventIdBits)
  for (let eventId = 0; ; ) {
    const at = (ittAddr + eventId * ENTRY_BYTES) as Gpa
    const isThere = walk.cursor.seek(at)
    const zeros = isThere ? walk.passZeros(end - eventId) : 0
    if (zeros === ENDED) return ENDED
    if (zeros > 0) {
      eventId += zeros
      if (eventId >= end) return eventId
      continue
    }
    if (!walk.count(1)) return ENDED
    if (!isThere) return walk.object('ite-unreadable', at, { deviceId, eventId })
    const lo = walk.cursor.words[walk.cursor.index]!
    const hi = walk.cursor.words[walk.cursor.index + 1]!
    const pintid = pintidOf.get(lo, hi)
    let step = iteNext.get(lo, hi)
    if (eventId + step >= limit) return walk.object('ite-next', at, { deviceId, eventId })
    if (pintid === 0) {
      if (!isHead(lo)) step = 1
    } else if (pintid < FIRST_LPI) return walk.object('ite-pintid', at, { deviceId, eventId })
    else if (walk.visitEvent(deviceId, eventId, pintid, icidOf.get(lo, hi), ittAddr) === ENDED) return ENDED
    if (step === 0) return LAST
    eventId += step
    if (eventId >= end) return eventId
  }
}
