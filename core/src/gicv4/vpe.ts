import { FIRST_LPI, LPI_CONFIG, NO_DOORBELL, VSGI_COUNT, VSGI_STATE } from '../abi/index.ts'
import type { Gpa, GuestMemory } from '../memory/index.ts'
import { PendingBits } from './pending-bits.ts'

/** How VMAPP describes a vPE. */
export interface VpeShape {
  readonly vpeid: number
  /** Redistributor: a processor number, because GITS_TYPER.PTA is 0. */
  readonly rdBase: number
  /** Host address of the virtual pending table, 64 KiB aligned. */
  readonly vptAddr: Gpa
  /** INTID bits of the table, 14 to 16. */
  readonly intidBits: number
  /** Host address of the virtual configuration table; on GICv4.0 it is known while the vPE is resident. */
  readonly vconfAddr: Gpa | undefined
  /** Physical LPI, 1023 for none. GICv4.0 has none. */
  readonly defaultDoorbell: number
}

const { enable, priority: lpiPriority } = LPI_CONFIG.fields
const sgi = VSGI_STATE.fields
const UNREAD = -1

/**
 * A vPE as the redistributors know it while it is mapped: pending bits and configuration in caches of their own, virtual SGIs,
 * where it lives and whether it runs there.
 *
 * @source IHI 0069 "GICv4.1: vPE residency", "Virtual SGIs"
 */
export class Vpe implements VpeShape {
  readonly vpeid: number
  readonly vptAddr: Gpa
  readonly pending: PendingBits
  defaultDoorbell: number
  /** The redistributor the vPE belongs to. */
  rdBase: number
  /** Where each ITS that maps the vPE sends its interrupts, by ITS_Number. */
  readonly routes = new Map<number, number>()
  resident = false
  /** A VMOVP has begun on some ITS of its list and not on all. */
  moving = false
  /** The last deschedule asked for a doorbell and none was sent yet. */
  doorbellArmed = false
  /** Group enables as the last residency gave them (GICR_VPENDBASER.VGRP0EN, VGRP1EN). */
  group0 = false
  group1 = false
  /** The 16 vSGIs, one VSGI_STATE byte each. */
  readonly sgis = new Uint8Array(VSGI_COUNT)
  #vconfAddr: Gpa | undefined
  readonly #config: Int16Array

  constructor({ vpeid, rdBase, vptAddr, intidBits, vconfAddr, defaultDoorbell }: VpeShape) {
    this.vpeid = vpeid
    this.rdBase = rdBase
    this.vptAddr = vptAddr
    this.pending = new PendingBits(intidBits)
    this.#vconfAddr = vconfAddr
    this.defaultDoorbell = defaultDoorbell
    this.#config = new Int16Array(this.pending.limit).fill(UNREAD)
  }

  get intidBits(): number {
    return Math.log2(this.pending.limit)
  }

  get vconfAddr(): Gpa | undefined {
    return this.#vconfAddr
  }

  /** GICv4.0: GICR_VPROPBASER of the redistributor names the configuration table anew at each residency. */
  set vconfAddr(at: Gpa | undefined) {
    if (at !== this.#vconfAddr) this.#config.fill(UNREAD)
    this.#vconfAddr = at
  }

  get hasDoorbell(): boolean {
    return this.defaultDoorbell !== NO_DOORBELL
  }

  /** Takes the state that the table in memory holds. With PTZ the hardware may trust that there is none. */
  load(memory: GuestMemory): void {
    this.pending.load(memory, this.vptAddr)
    this.sgis.set(memory.read(this.vptAddr, VSGI_COUNT))
  }

  /** Writes everything back: after this, and not before, the table in memory is true. */
  store(memory: GuestMemory): void {
    this.pending.store(memory, this.vptAddr)
    memory.write(this.vptAddr, this.sgis)
  }

  /** Forgets the cached configuration of one vLPI, or of all. */
  invalidate(vintid?: number): void {
    if (vintid === undefined) this.#config.fill(UNREAD)
    else if (vintid < this.#config.length) this.#config[vintid] = UNREAD
  }

  /** The configuration byte of a vLPI: read once, then kept until it is invalidated, whatever memory says. */
  config(memory: GuestMemory, vintid: number): number {
    let byte = this.#config[vintid]!
    if (byte !== UNREAD) return byte
    if (this.#vconfAddr === undefined) return 0
    byte = memory.u8((this.#vconfAddr + vintid - FIRST_LPI) as Gpa)
    this.#config[vintid] = byte
    return byte
  }

  /** True when the vINTID could be delivered if the vPE were resident: enabled itself, and its group. */
  deliverable(memory: GuestMemory, vintid: number): boolean {
    if (vintid >= FIRST_LPI) return this.group1 && enable.get(this.config(memory, vintid), 0) === 1
    const state = this.sgis[vintid]!
    return sgi.enabled.get(state, 0) === 1 && (sgi.group1.get(state, 0) === 1 ? this.group1 : this.group0)
  }

  /** The pending and deliverable interrupt of highest priority, the lowest vINTID among equals; undefined when there is none. */
  highest(memory: GuestMemory): number | undefined {
    let best: number | undefined
    let bestPriority = 256
    for (let vintid = 0; vintid < VSGI_COUNT; vintid++) {
      const state = this.sgis[vintid]!
      if (sgi.pending.get(state, 0) === 0 || !this.deliverable(memory, vintid)) continue
      const priority = sgi.priority.get(state, 0)
      if (priority < bestPriority) [best, bestPriority] = [vintid, priority]
    }
    for (let vintid = this.pending.next(FIRST_LPI); vintid >= 0; vintid = this.pending.next(vintid + 1)) {
      if (!this.deliverable(memory, vintid)) continue
      const priority = lpiPriority.get(this.config(memory, vintid), 0)
      if (priority < bestPriority) [best, bestPriority] = [vintid, priority]
    }
    return best
  }

  setPending(vintid: number): void {
    if (vintid < VSGI_COUNT) this.sgis[vintid]! |= sgi.pending.putLo(1)
    else this.pending.set(vintid)
  }

  clearPending(vintid: number): void {
    if (vintid < VSGI_COUNT) this.sgis[vintid]! &= ~sgi.pending.putLo(1)
    else this.pending.clear(vintid)
  }

  isPending(vintid: number): boolean {
    return vintid < VSGI_COUNT ? sgi.pending.get(this.sgis[vintid]!, 0) === 1 : this.pending.has(vintid)
  }

  /** GICR_VSGIPENDR.Pending: one bit for each vSGI. */
  get pendingSgis(): number {
    return this.sgis.reduce((mask, state, vintid) => mask | (sgi.pending.get(state, 0) << vintid), 0)
  }
}
