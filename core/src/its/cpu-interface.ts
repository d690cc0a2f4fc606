import type { Gic } from './gic.ts'

/** What ICC_IAR1_EL1 reads as when nothing can be taken. */
export const SPURIOUS = 1023
/** Five priority bits: the low three do not count, in the mask register either. */
const PRIORITY_MASK = 0xf8
const IDLE = 0x100

/**
 * The part of a vCPU's GIC CPU interface that takes LPIs: all of them are in group 1 and edge-triggered, and have no active state.
 *
 * Priorities are bytes; lower ones come first.
 */
export class CpuInterface {
  readonly gic: Gic
  readonly vcpu: number
  /** ICC_IGRPEN1_EL1. */
  group1 = false
  /** ICC_BPR1_EL1: bits [7:binaryPoint] of a priority decide over preemption. At least 3. */
  binaryPoint = 3
  #priorityMask = 0
  /** Priorities of the interrupts taken and not completed, lowest priority first. */
  readonly #running: number[] = []

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
    return this.#running.at(-1) ?? IDLE
  }

  /**
   * The vCPU enters and reads ICC_IAR1_EL1: takes its highest-priority pending LPI.
   *
   * @returns its INTID; 1023 when the group is disabled or nothing pending passes the mask and what runs.
   */
  acknowledge(): number {
    const { lpis } = this.gic
    lpis.settle(this.vcpu)
    const lpi = lpis.highest(this.vcpu)
    if (lpi === 0 || !this.group1) return SPURIOUS
    const priority = lpis.priority(lpi) & PRIORITY_MASK
    const group = priority & (0xff << this.binaryPoint)
    if (priority >= this.#priorityMask || group >= this.runningPriority) return SPURIOUS
    const intid = lpis.intid(lpi)
    lpis.take(lpi)
    this.#running.push(group)
    return intid
  }

  /** Writes ICC_EOIR1_EL1: the interrupt taken last is completed. */
  complete(): void {
    this.#running.pop()
  }
}
