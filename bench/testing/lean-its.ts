// A yardstick, not a device: how fast an ITS can be in this language when it does little else. One region of RAM, LPIs up to 65535, ITTs
// that lie in RAM whole, registers that are taken as they come. It knows MAPD, MAPTI, MOVI and a MAPC that maps; a MOVI leaves
// a pending LPI with the vCPU that had it. It has no translation cache, no errno but a number, no quirks, no tracing, no LPI that outlives
// its event, and heads without a stamp, believed as they are. What it saves is what the library saves (`lean-its.test.ts`). Offsets and opcodes are
// written out here: a yardstick is not to change with what it measures.
import { LeanEvents } from './lean-events.ts'
import type { LeanRam } from './lean-ram.ts'

export const FIRST_LPI = 8192
export const LPI_LIMIT = 65536
const ID_LIMIT = 65536
export const L2_ENTRIES = 8192
const FAILED = -1
/** What a collection is mapped to that has no vCPU. */
const NOWHERE = -1
/** What one is mapped to that nobody has named. */
export const UNKNOWN = -2
/** State of an LPI: flags, priority from bit 8, vCPU + 1 from bit 16. */
const ENABLED = 1
const PENDING = 2
const QUEUED = 4

/** Where things are in guest RAM; addresses in bytes. */
export interface LeanRegisters {
  readonly doorbell: number
  readonly queue: number
  readonly queueBytes: number
  /** A first level, of one page of 64 KiB. */
  readonly deviceTable: number
  readonly collectionTable: number
  readonly configuration: number
  /** One pending table for each vCPU. */
  readonly pending: readonly number[]
}

export class LeanIts {
  enabled = false
  creadr = 0
  readonly ram: LeanRam
  readonly events = new LeanEvents()
  readonly registers: LeanRegisters
  /** Slot + 1 of each DeviceID, and a bit for each that is mapped. */
  readonly slot = new Int32Array(ID_LIMIT)
  readonly #present = new Int32Array(ID_LIMIT / 32)
  /** Of each slot; ITTs as addresses in bytes. */
  readonly #deviceId = new Int32Array(ID_LIMIT)
  readonly bits = new Uint8Array(ID_LIMIT)
  readonly itt = new Float64Array(ID_LIMIT)
  readonly #freeSlots: number[] = []
  #slots = 0
  /** The vCPU of each ICID. */
  readonly target = new Int32Array(ID_LIMIT).fill(UNKNOWN)
  /** ICIDs in the order in which they became known. */
  readonly icids: number[] = []
  readonly #references = new Int32Array(LPI_LIMIT - FIRST_LPI)
  readonly #state = new Int32Array(LPI_LIMIT - FIRST_LPI)
  /** The LPIs that each vCPU is to take. */
  readonly #queued: readonly Int32Array[]
  readonly #queuedCount: Int32Array
  readonly #kicks: Int32Array
  readonly #release = (lpi: number): void => {
    this.#references[lpi - FIRST_LPI]!--
  }

  constructor(ram: LeanRam, registers: LeanRegisters) {
    this.ram = ram
    this.registers = registers
    this.#queued = registers.pending.map(() => new Int32Array(LPI_LIMIT))
    this.#queuedCount = new Int32Array(registers.pending.length)
    this.#kicks = new Int32Array(registers.pending.length)
  }

  reset(): void {
    for (let id = this.deviceFrom(0); id >= 0; id = this.deviceFrom(id + 1)) this.#removeDevice(this.slot[id]! - 1)
    for (const icid of this.icids) this.target[icid] = UNKNOWN
    this.icids.length = 0
    this.enabled = false
    this.creadr = 0
    this.#queuedCount.fill(0)
    this.#state.fill(0)
    this.#references.fill(0)
  }

  /** 1 when the LPI is pending now, 0 when the event is not mapped, negative when nobody listens. */
  signal(address: number, deviceId: number, eventId: number): number {
    if (address < this.registers.doorbell || address >= this.registers.doorbell + 0x2_0000 || !this.enabled) return FAILED
    const slot = this.slot[deviceId]! - 1
    const at = slot < 0 ? -1 : this.events.find(slot, eventId)
    if (at < 0 || this.target[this.events.ite[at + 1]!]! < 0) return 0
    this.#raise(this.events.ite[at]! - FIRST_LPI)
    return 1
  }

  /** Executes what is queued up to there. */
  writeCwriter(cwriter: number): void {
    if (!this.enabled) return
    const { words } = this.ram
    const queue = this.ram.entry(this.registers.queue) * 2
    while (this.creadr !== cwriter) {
      const k = queue + (this.creadr >>> 2)
      this.#execute(words[k]!, words[k + 1]!, words[k + 2]!, words[k + 3]!, words[k + 4]!, words[k + 5]!)
      this.creadr += 32
      if (this.creadr === this.registers.queueBytes) this.creadr = 0
    }
  }

  #execute(w0: number, w1: number, w2: number, w3: number, w4: number, w5: number): void {
    const opcode = w0 & 0xff
    if (opcode === 0x0a) this.#mapti(w1 >>> 0, w2 >>> 0, w3 >>> 0, w4 & 0xffff)
    else if (opcode === 0x01) this.#movi(w1 >>> 0, w2 >>> 0, w4 & 0xffff)
    else if (opcode === 0x08) this.#mapd(w1 >>> 0, (w2 & 31) + 1, w4, w5)
    else if (opcode === 0x09) this.#mapc(w4 & 0xffff, ((w4 >>> 16) | (w5 << 16)) & 0xffff)
  }

  #mapc(icid: number, vcpu: number): void {
    if (vcpu >= this.#queued.length) return
    if (this.target[icid] === UNKNOWN) this.icids.push(icid)
    this.target[icid] = vcpu
  }

  #mapd(deviceId: number, bits: number, w4: number, w5: number): void {
    const dte = this.dte(deviceId)
    if (dte < 0 || (w5 < 0 && bits > 16)) return
    const slot = this.slot[deviceId]! - 1
    if (slot >= 0) this.#removeDevice(slot)
    if (w5 < 0) this.addDevice(deviceId, (w5 & 0xfffff) * 2 ** 32 + ((w4 & 0xffff_ff00) >>> 0), bits)
    else this.ram.write(dte, 0, 0)
  }

  #mapti(deviceId: number, eventId: number, lpi: number, icid: number): void {
    const slot = deviceId < ID_LIMIT ? this.slot[deviceId]! - 1 : -1
    if (slot < 0 || eventId >= 1 << this.bits[slot]!) return
    if (this.ram.entry(this.itt[slot]! + eventId * 8) < 0 || lpi < FIRST_LPI || lpi >= LPI_LIMIT) return
    const block = this.events.block(slot, eventId)
    if (block !== 0 && this.events.isMapped(block, eventId)) return
    if (this.target[icid] === UNKNOWN) {
      this.target[icid] = NOWHERE
      this.icids.push(icid)
    }
    if (this.mapLpi(lpi, this.target[icid]!)) this.events.add(slot, eventId, lpi, icid, block)
  }

  #movi(deviceId: number, eventId: number, icid: number): void {
    const slot = deviceId < ID_LIMIT ? this.slot[deviceId]! - 1 : -1
    const at = slot < 0 ? -1 : this.events.find(slot, eventId)
    if (at < 0) return
    this.events.ite[at + 1] = icid
    const x = this.events.ite[at]! - FIRST_LPI
    this.#state[x] = (this.#state[x]! & 0xffff) | ((this.target[icid]! + 1) << 16)
  }

  addDevice(deviceId: number, itt: number, bits: number): number {
    const slot = this.#freeSlots.pop() ?? this.#slots++
    this.#deviceId[slot] = deviceId
    this.bits[slot] = bits
    this.itt[slot] = itt
    this.events.addSlot(slot)
    this.slot[deviceId] = slot + 1
    this.#present[deviceId >>> 5]! |= 1 << (deviceId & 31)
    return slot
  }

  #removeDevice(slot: number): void {
    this.events.removeAll(slot, this.#release)
    const deviceId = this.#deviceId[slot]!
    this.slot[deviceId] = 0
    this.#present[deviceId >>> 5]! &= ~(1 << (deviceId & 31))
    this.#freeSlots.push(slot)
  }

  /** The first mapped DeviceID from there on, -1 for none. */
  deviceFrom(deviceId: number): number {
    if (deviceId >= ID_LIMIT) return -1
    let at = deviceId >>> 5
    let present = this.#present[at]! & (-1 << (deviceId & 31))
    while (present === 0) {
      if (++at === this.#present.length) return -1
      present = this.#present[at]!
    }
    return at * 32 + 31 - Math.clz32(present & -present)
  }

  /** The 64-bit word that is the DTE, -1 for an id that has none. */
  dte(deviceId: number): number {
    if (deviceId >= ID_LIMIT) return -1
    const l1 = this.ram.entry(this.registers.deviceTable + (deviceId >>> 13) * 8)
    const hi = this.ram.words[2 * l1 + 1]!
    if (hi >= 0) return -1
    return this.ram.entry(addressOf(this.ram.words[2 * l1]!, hi) + (deviceId & (L2_ENTRIES - 1)) * 8)
  }

  /** False when its tables are not in RAM. */
  mapLpi(lpi: number, vcpu: number): boolean {
    const x = lpi - FIRST_LPI
    if (this.#references[x]!++ !== 0) return true
    const configuration = this.ram.byte(this.registers.configuration + x)
    const at = vcpu < 0 ? -1 : this.registers.pending[vcpu]! + (lpi >>> 3)
    const pending = vcpu < 0 ? 0 : this.ram.byte(at)
    if (configuration < 0 || pending < 0) {
      this.#references[x] = 0
      return false
    }
    const bit = 1 << (lpi & 7)
    const isPending = (pending & bit) !== 0
    if (isPending) this.ram.setByte(at, pending & ~bit)
    this.#state[x] = ((vcpu + 1) << 16) | ((configuration & 0xfc) << 8) | (configuration & ENABLED)
    if (isPending) this.#raise(x)
    return true
  }

  #raise(x: number): void {
    const state = this.#state[x]! | PENDING
    const vcpu = (state >>> 16) - 1
    if ((state & (ENABLED | QUEUED)) === ENABLED && vcpu >= 0) {
      this.#state[x] = state | QUEUED
      this.#queued[vcpu]![this.#queuedCount[vcpu]!++] = x
      this.#kicks[vcpu] = 1
    } else {
      this.#state[x] = state
      if ((state & QUEUED) !== 0) this.#kicks[vcpu] = 1
    }
  }
}

/** Of an entry of the first level: 64 KiB pages. */
export function addressOf(lo: number, hi: number): number {
  return (hi & 0xfffff) * 2 ** 32 + ((lo & 0xffff_0000) >>> 0)
}
