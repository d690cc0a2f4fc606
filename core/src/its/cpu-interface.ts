import type { Gic } from './gic.ts'

/** What ICC_IAR1_EL1 reads as when nothing can be taken. */
export const SPURIOUS = 1023
/** Five priority bits: the low three do not count, in the mask register either. */
const PRIORITY_MASK = 0xf8
const IDLE = 0x100

/** An interrupt that was taken and not completed. */
interface Running {
  /** Its group priority. */
  readonly group: number
  /** The SGI or PPI that is active; -1 for an LPI, which has no active state. */
  readonly intid: number
}

/**
 * The part of a vCPU's GIC CPU interface that takes interrupts of group 1: SGIs, PPIs and LPIs. SGIs of GICv4.1 hardware are not here.
 *
 * Priorities are bytes; lower ones come first. Of equals an SGI or PPI comes before an LPI: KVM goes by which was queued first, which is
 * kept among LPIs and among the others only.
 */
export class CpuInterface {
  readonly gic: Gic
  readonly vcpu: number
  /** ICC_IGRPEN1_EL1. */
  group1 = false
  /** ICC_BPR1_EL1: bits [7:binaryPoint] of a priority decide over preemption. At least 3. */
  binaryPoint = 3
  #priorityMask = 0
  /** Lowest priority first. */
  readonly #running: Running[] = []

  constructor(gic: Gic, vcpu: number) {
    this.gic = gic
    this.vcpu = vcpu
  }

  /** ICC_PMR_EL1: only priorities above (below in number) are taken. The low three bits are not kept. */
  get priorityMask(): number {
    return this.#priorityMask
  }

  set priorityMask(value: number) {
    this.#priorityMask = value & PRIORITY_MASK
  }

  /** The group priority that runs, or 0x100 when nothing does. */
  get runningPriority(): number {
    return this.#running.at(-1)?.group ?? IDLE
  }

  /**
   * The vCPU enters and reads ICC_IAR1_EL1: takes its highest-priority pending interrupt.
   *
   * @returns its INTID; 1023 when the group is disabled or nothing pending passes the mask and what runs.
   */
  acknowledge(): number {
    const { lpis } = this.gic
    const { privates } = this.gic.redistributors[this.vcpu]!
    lpis.settle(this.vcpu)
    privates.settle()
    if (!this.group1) return SPURIOUS
    const lpi = lpis.highest(this.vcpu)
    const intid = privates.highest()
    const ofLpi = lpi === 0 ? IDLE : lpis.priority(lpi) & PRIORITY_MASK
    if (intid >= 0 && privates.priority(intid) <= ofLpi) {
      if (!this.#begins(privates.priority(intid), intid)) return SPURIOUS
      privates.take(intid)
      return intid
    }
    if (lpi === 0 || !this.#begins(ofLpi, -1)) return SPURIOUS
    const taken = lpis.intid(lpi)
    lpis.take(lpi)
    return taken
  }

  /** Writes ICC_EOIR1_EL1: the interrupt taken last is completed. */
  complete(): void {
    const { intid } = this.#running.pop() ?? { intid: -1 }
    if (intid >= 0) this.gic.redistributors[this.vcpu]!.privates.complete(intid)
  }

  /** False for a priority that does not pass the mask or what runs. */
  #begins(priority: number, intid: number): boolean {
    const group = priority & (0xff << this.binaryPoint)
    if (priority >= this.#priorityMask || group >= this.runningPriority) return false
    this.#running.push({ group, intid })
    return true
  }
}
