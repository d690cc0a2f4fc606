import { ID_LIMIT } from '../abi/index.ts'
import { grown } from './grown.ts'
import { SortedIds } from './sorted-ids.ts'

const FIRST_SLOTS = 64
// The compiler knows a constant of this module, and loads one of another each time.
const LIMIT = ID_LIMIT

/**
 * The devices an ITS has mapped, direct-mapped by DeviceID. No command maps a DeviceID of more than 16 bits, but old kernels
 * restore such devices: those are few and have a map.
 *
 * A device lives in a *slot*: a small number that indexes `deviceId`, `ittAddr` and `bits` (struct of arrays, replaced when
 * they grow: do not keep them across an `add`). A presence bitmap gives ascending DeviceID order without a sort.
 *
 * KVM keeps a list in which a DeviceID may stand twice, after a RESTORE_TABLES onto a live ITS that has no collection left:
 * lookups find the older device, and the younger one appears when the older goes. `add` does the same.
 */
export class Devices {
  /** Devices mapped, those behind an older one of the same DeviceID included. */
  count = 0
  deviceId = new Uint32Array(FIRST_SLOTS)
  /** ITT base, in bytes. */
  ittAddr = new Float64Array(FIRST_SLOTS)
  /** EventID bits: the ITT has 2^bits entries. */
  bits = new Int32Array(FIRST_SLOTS)
  /** DeviceID to slot + 1. */
  readonly #slots = new Int32Array(ID_LIMIT)
  readonly #present = new Int32Array(ID_LIMIT / 32)
  /** The words of `#present` from here on have never had a mark: a scan ends there. */
  #marked = 0
  /** DeviceID to slot + 1, and in order, of the devices with more than 16 bits. */
  readonly #far = new Map<number, number>()
  readonly #farIds = new SortedIds()
  /** Slot to the slot + 1 of the next device of the same DeviceID; in a free slot, of the next free one. */
  #behind = new Int32Array(FIRST_SLOTS)
  #free = 0
  #used = 0

  /** The slot of `deviceId`, or -1; any number may be asked for. */
  find(deviceId: number): number {
    return (deviceId < LIMIT ? this.#slots[deviceId]! : this.#farSlot(deviceId)) - 1
  }

  #farSlot(deviceId: number): number {
    return this.#far.get(deviceId) ?? 0
  }

  /** Maps a device and returns its slot. DeviceIDs have 32 bits at most. */
  add(deviceId: number, ittAddr: number, bits: number): number {
    const slot = this.#takeSlot()
    this.deviceId[slot] = deviceId
    this.ittAddr[slot] = ittAddr
    this.bits[slot] = bits
    this.#behind[slot] = 0
    const older = this.find(deviceId)
    if (older >= 0) this.#append(older, slot)
    else this.#enter(deviceId, slot)
    this.count++
    return slot
  }

  /** Unmaps the device in `slot`. Its events must be gone already. */
  remove(slot: number): void {
    const deviceId = this.deviceId[slot]!
    const behind = this.#behind[slot]!
    let before = this.find(deviceId)
    if (before === slot) this.#promote(deviceId, behind)
    else {
      while (this.#behind[before] !== slot + 1) before = this.#behind[before]! - 1
      this.#behind[before] = behind
    }
    this.#behind[slot] = this.#free
    this.#free = slot + 1
    this.count--
  }

  /** The slot of the lowest DeviceID, or -1. */
  first(): number {
    return this.#slotFrom(0)
  }

  /** The slot that follows in DeviceID order, or -1. */
  after(slot: number): number {
    const behind = this.#behind[slot]!
    return behind !== 0 ? behind - 1 : this.#slotFrom(this.deviceId[slot]! + 1)
  }

  #slotFrom(deviceId: number): number {
    if (deviceId >= ID_LIMIT) return this.#farSlotFrom(deviceId)
    let word = deviceId >>> 5
    let marks = this.#present[word]! & (-1 << (deviceId & 31))
    while (marks === 0) {
      word++
      if (word >= this.#marked) return this.#farSlotFrom(ID_LIMIT)
      marks = this.#present[word]!
    }
    return this.#slots[word * 32 + 31 - Math.clz32(marks & -marks)]! - 1
  }

  #farSlotFrom(deviceId: number): number {
    return (this.#far.get(this.#farIds.firstFrom(deviceId)) ?? 0) - 1
  }

  /** The first device of a DeviceID. */
  #enter(deviceId: number, slot: number): void {
    if (deviceId >= LIMIT) {
      this.#enterFar(deviceId, slot)
      return
    }
    const word = deviceId >>> 5
    this.#slots[deviceId] = slot + 1
    this.#present[word]! |= 1 << (deviceId & 31)
    if (word >= this.#marked) this.#marked = word + 1
  }

  #enterFar(deviceId: number, slot: number): void {
    this.#far.set(deviceId, slot + 1)
    this.#farIds.add(deviceId)
  }

  /** The first device of a DeviceID goes; `behind` is the slot + 1 of the next of that DeviceID, or 0. */
  #promote(deviceId: number, behind: number): void {
    if (deviceId < ID_LIMIT) {
      this.#slots[deviceId] = behind
      if (behind === 0) this.#present[deviceId >>> 5]! &= ~(1 << (deviceId & 31))
    } else if (behind !== 0) this.#far.set(deviceId, behind)
    else {
      this.#far.delete(deviceId)
      this.#farIds.remove(deviceId)
    }
  }

  #append(older: number, slot: number): void {
    let last = older
    while (this.#behind[last] !== 0) last = this.#behind[last]! - 1
    this.#behind[last] = slot + 1
  }

  #takeSlot(): number {
    if (this.#free !== 0) {
      const slot = this.#free - 1
      this.#free = this.#behind[slot]!
      return slot
    }
    if (this.#used === this.deviceId.length) this.#grow()
    return this.#used++
  }

  #grow(): void {
    const slots = this.deviceId.length * 2
    this.deviceId = grown(this.deviceId, slots)
    this.ittAddr = grown(this.ittAddr, slots)
    this.bits = grown(this.bits, slots)
    this.#behind = grown(this.#behind, slots)
  }
}
