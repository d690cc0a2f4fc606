const SGIS = 16
const COUNT = 32
const SGI_BITS = 0xffff
/** Of a priority, five bits are kept. */
const PRIORITY_BITS = 0xf8

/** Hardware that delivers the SGIs of a vCPU itself (GICv4.1); see `PrivateInterrupts.handSgisTo`. */
export interface SgiHardware {
  /** Bit n: SGI n is pending. */
  pending(): number
  setPending(sgi: number, pending: boolean): void
  setEnabled(sgi: number, enabled: boolean): void
  /** Group or priority have changed. */
  reclassify(sgi: number): void
}

/**
 * The interrupts that a vCPU has for itself: SGIs, INTID 0 to 15, and PPIs, 16 to 31. In a mask, bit n is INTID n. SGIs are
 * edge-triggered and enabled from the start, PPIs level-sensitive.
 *
 * What is queued is what KVM would put into list registers. It looks whether an interrupt is to be queued when that is raised, enabled,
 * activated or given a group, not when the distributor begins to forward.
 *
 * @source vgic-init.c, vgic-mmio.c, vgic.c vgic_queue_irq_unlock and vgic_target_oracle
 */
export class PrivateInterrupts {
  #hardware: SgiHardware | undefined
  #enabled = SGI_BITS
  #group1 = -1
  #active = 0
  #latch = 0
  #lines = 0
  readonly #priorities = new Uint8Array(COUNT)
  /** INTIDs, in the order in which they were queued. */
  #queue: number[] = []
  readonly #isForwarding: () => boolean

  /** @param isForwarding whether the distributor forwards interrupts: GICD_CTLR.EnableGrp1. */
  constructor(isForwarding: () => boolean) {
    this.#isForwarding = isForwarding
  }

  /** What delivers the SGIs in software's place; undefined while software does. */
  get hardware(): SgiHardware | undefined {
    return this.#hardware
  }

  get enabled(): number {
    return this.#enabled >>> 0
  }

  /** The interrupts of group 1; others are never taken by ICC_IAR1_EL1. */
  get group1(): number {
    return this.#group1 >>> 0
  }

  /** Taken and not completed. */
  get active(): number {
    return this.#active >>> 0
  }

  /** The lines of the PPIs, as devices drive them. SGIs have none. */
  get lines(): number {
    return (this.#lines & ~SGI_BITS) >>> 0
  }

  /** Pending whatever the lines are: what user space saves. SGIs that hardware delivers are asked of that. */
  get latched(): number {
    return (this.#latch | (this.#hardware?.pending() ?? 0)) >>> 0
  }

  /** Pending as the guest sees it, lines included. */
  get pending(): number {
    return (this.latched | this.lines) >>> 0
  }

  /** A byte; the upper five bits count, lower ones come first. */
  priority(intid: number): number {
    return this.#priorities[intid]!
  }

  setPriority(intid: number, priority: number): void {
    this.#priorities[intid] = priority & PRIORITY_BITS
    if (intid < SGIS) this.#hardware?.reclassify(intid)
  }

  /** Puts the interrupts of the mask into group 1 and all others into group 0. */
  setGroup1(mask: number): void {
    this.#group1 = mask | 0
    for (let intid = 0; intid < COUNT; intid++) {
      if (this.#isDirect(intid)) this.#hardware?.reclassify(intid)
      else this.#offer(intid)
    }
  }

  /** Enables or disables the interrupts of the mask, as a guest does: hardware that delivers SGIs is told what changes. */
  setEnabled(mask: number, enabled: boolean): void {
    const changed = mask & (enabled ? ~this.#enabled : this.#enabled)
    for (const intid of intidsIn(changed & SGI_BITS)) this.#hardware?.setEnabled(intid, enabled)
    this.restoreEnabled(mask, enabled)
  }

  /** The same from user space: hardware is not told, and learns of it when it is handed the SGIs. */
  restoreEnabled(mask: number, enabled: boolean): void {
    this.#enabled = enabled ? this.#enabled | mask : this.#enabled & ~mask
    if (enabled) for (const intid of intidsIn(mask)) this.#offer(intid)
  }

  /** Makes the interrupts of the mask pending: an SGI that a vCPU sends, or a write of GICR_ISPENDR0. */
  raise(mask: number): void {
    for (const intid of intidsIn(mask)) {
      if (this.#isDirect(intid)) this.#hardware!.setPending(intid, true)
      else {
        this.#latch |= 1 << intid
        this.#offer(intid)
      }
    }
  }

  /** Drops the latches of the mask. */
  clear(mask: number): void {
    for (const intid of intidsIn(mask)) if (this.#isDirect(intid)) this.#hardware!.setPending(intid, false)
    this.#latch &= ~mask
  }

  /** Devices drive the lines of the mask high, and all others low. */
  setLines(mask: number): void {
    this.#lines = mask
    for (const intid of intidsIn(mask)) this.#offer(intid)
  }

  /** Makes the interrupts of the mask active, or no longer. An SGI that hardware delivers has no active state. */
  setActive(mask: number, active: boolean): void {
    const direct = this.#hardware === undefined ? 0 : mask & SGI_BITS
    this.#active = (active ? this.#active | mask : this.#active & ~mask) & ~direct
    if (active) for (const intid of intidsIn(mask)) this.#offer(intid)
  }

  /** What KVM does when a vCPU enters: what is neither active nor deliverable leaves the queue. */
  settle(): void {
    if (this.#queue.length > 0) this.#queue = this.#queue.filter((intid) => this.#isWanted(intid))
  }

  /** The INTID of the highest priority that a settled vCPU may take, of equals the one queued first; -1 when there is none. */
  highest(): number {
    let best = -1
    if (this.#queue.length === 0) return best
    const takeable = (this.#latch | this.lines) & this.#enabled & this.#group1 & ~this.#active
    for (const intid of this.#queue) {
      if (((takeable >>> intid) & 1) === 1 && (best < 0 || this.#priorities[intid]! < this.#priorities[best]!)) best = intid
    }
    return best
  }

  /** The guest takes an interrupt: it is active until it is completed, and pending again only if its line is still high. */
  take(intid: number): void {
    this.#latch &= ~(1 << intid)
    this.#active |= 1 << intid
  }

  complete(intid: number): void {
    this.#active &= ~(1 << intid)
  }

  /** Hardware delivers the SGIs from now on. Returns those that were pending: it holds their bits now. */
  handSgisTo(hardware: SgiHardware): number {
    const pending = this.#latch & SGI_BITS
    this.#latch &= ~SGI_BITS
    this.#hardware = hardware
    return pending
  }

  /** Software delivers the SGIs again, of which these are pending. */
  takeSgisBack(pending: number): void {
    this.#hardware = undefined
    this.#latch |= pending & SGI_BITS
  }

  #isDirect(intid: number): boolean {
    return intid < SGIS && this.#hardware !== undefined
  }

  #isWanted(intid: number): boolean {
    const bit = 1 << intid
    if ((this.#active & bit) !== 0) return true
    return ((this.#latch | this.lines) & this.#enabled & bit) !== 0 && this.#isForwarding()
  }

  #offer(intid: number): void {
    if (this.#isWanted(intid) && !this.#queue.includes(intid)) this.#queue.push(intid)
  }
}

function* intidsIn(mask: number): Generator<number> {
  for (let intid = 0; intid < COUNT; intid++) if (((mask >>> intid) & 1) === 1) yield intid
}
