import { GICR_VPENDBASER_V40, GICR_VPENDBASER_V41, GICR_VPROPBASER_V40 } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import type { VirtualInterrupts } from './virtual-interrupts.ts'
import type { Vpe } from './vpe.ts'

/** What a write of GICR_VPENDBASER means, in either form. */
interface Order {
  readonly valid: boolean
  readonly vpe: Vpe | undefined
  /** GICv4.1: written 1 when leaving, the hardware need not look for pending interrupts. */
  readonly pendingLast: boolean
  readonly doorbell: boolean
  readonly group0: boolean
  readonly group1: boolean
}

/**
 * Which vPE a redistributor runs: GICR_VPENDBASER.
 *
 * Leaving with PendingLast 0 makes the hardware look whether anything is deliverable and say so in PendingLast; only when nothing is,
 * and Doorbell was written 1, the doorbell is armed. Leaving with PendingLast 1 looks at nothing and arms nothing.
 * Decided here: a write while Dirty is 1, of a vPE that lives elsewhere, is moving, is not mapped or runs elsewhere, and a change of
 * vPE without leaving first, are logged as unpredictable and make no vPE resident.
 *
 * @source IHI 0069 "GICR_VPENDBASER"; Linux irq-gic-v3-its.c its_vpe_4_1_schedule, its_vpe_4_1_deschedule
 */
export class Residency {
  vpe: Vpe | undefined
  readonly #rdBase: number
  readonly #virtual: VirtualInterrupts
  readonly #latency: number
  #register = 0n
  #dirtyReads = 0
  #pendingLast = false

  constructor(rdBase: number, virtual: VirtualInterrupts, latency: number) {
    this.#rdBase = rdBase
    this.#virtual = virtual
    this.#latency = latency
  }

  /** GICR_VPENDBASER: Dirty counts down as it is read. */
  read(): bigint {
    const dirty = this.#dirtyReads > 0
    if (dirty) this.#dirtyReads -= 1
    const form = this.#v41 ? GICR_VPENDBASER_V41 : GICR_VPENDBASER_V40
    return this.#register | form.pack({ dirty, pendingLast: !dirty && this.#pendingLast })
  }

  write(value: bigint): void {
    if (this.#dirtyReads > 0) this.#say('GICR_VPENDBASER was written while Dirty was 1')
    const order = this.#v41 ? this.#orderV41(value) : this.#orderV40(value)
    if (order.valid) this.#enter(order)
    else this.#leave(order)
    const form = this.#v41 ? GICR_VPENDBASER_V41 : GICR_VPENDBASER_V40
    const status = form.pack({ dirty: true, pendingLast: true })
    this.#register = value & ~status
  }

  get #v41(): boolean {
    return this.#virtual.version === 'GICv4.1'
  }

  #orderV41(value: bigint): Order {
    const { valid, vpeid, pendingLast, doorbell, vgrp0En, vgrp1En } = GICR_VPENDBASER_V41.unpack(value)
    return { valid, vpe: this.#virtual.vpe(vpeid), pendingLast, doorbell, group0: vgrp0En, group1: vgrp1En }
  }

  #orderV40(value: bigint): Order {
    const { valid, address } = GICR_VPENDBASER_V40.unpack(value)
    const vpe = this.#virtual.vpeOfTable(address)
    return { valid, vpe, pendingLast: false, doorbell: false, group0: true, group1: true }
  }

  #enter({ vpe, group0, group1 }: Order): void {
    if (this.vpe?.resident === true) {
      if (this.vpe === vpe) return
      this.#say('another vPE was made resident before the last one left')
      this.vpe.resident = false
      this.vpe = undefined
    }
    this.#dirtyReads = this.#latency
    this.#pendingLast = false
    const objection = this.#objection(vpe)
    if (objection !== undefined) {
      this.#say(objection, vpe?.vpeid)
      return
    }
    this.vpe = vpe!
    this.vpe.resident = true
    this.vpe.doorbellArmed = false
    this.vpe.group0 = group0
    this.vpe.group1 = group1
    if (!this.#v41) {
      const { address } = GICR_VPROPBASER_V40.unpack(this.#virtual.vpropbasers[this.#rdBase]!)
      this.vpe.vconfAddr = address as Gpa
    }
  }

  #objection(vpe: Vpe | undefined): string | undefined {
    if (vpe === undefined) return 'a vPE that is not mapped was made resident'
    if (vpe.moving) return 'a vPE was made resident before every ITS had its VMOVP'
    if (vpe.rdBase !== this.#rdBase) return `a vPE of redistributor ${vpe.rdBase} was made resident on ${this.#rdBase}`
    if (vpe.resident) return 'a vPE was made resident twice'
    return undefined
  }

  #leave({ pendingLast, doorbell }: Order): void {
    const { vpe } = this
    this.vpe = undefined
    if (vpe?.resident !== true) return
    this.#dirtyReads = this.#latency
    vpe.resident = false
    this.#pendingLast = pendingLast || vpe.highest(this.#virtual.memory) !== undefined
    vpe.doorbellArmed = this.#v41 && doorbell && !this.#pendingLast
  }

  #say(says: string, vpeid?: number): void {
    this.#virtual.log.note('unpredictable', says, vpeid === undefined ? {} : { vpeid })
  }
}
