import {
  GICR,
  GICR_INVLPIR,
  GICR_VIRTUAL,
  GICR_VPENDBASER_V40,
  GICR_VPENDBASER_V41,
  GICR_VPROPBASER_V40,
} from '../../abi/index.ts'
import type { PhysicalIts, PhysicalRedistributor } from '../../gicv4/index.ts'
import { KvmError } from '../../memory/index.ts'
import type { GicHost } from './host.ts'
import { type HostVm, type HostVpe, VM_INTID_BITS } from './host-vpe.ts'

/** How often GICR_VPENDBASER is read before the hardware counts as hung; Linux waits for a second. */
const PATIENCE = 1000

/**
 * Maps, unmaps, moves, runs and stops the vPEs of one VM: the host driver's half of GICv4.
 *
 * @source Linux drivers/irqchip/irq-gic-v3-its.c its_vpe_*, irq-gic-v4.c
 */
export class VpeDriver {
  readonly #host: GicHost
  readonly #vm: HostVm

  constructor(host: GicHost, vm: HostVm) {
    this.#host = host
    this.#vm = vm
  }

  /** GICv4.1 maps every vPE on every ITS from the start, for vSGIs; so does GICv4.0 when one VMOVP reaches all. */
  get mapsEagerly(): boolean {
    return this.#host.v41 || this.#host.hardware.itses[0]!.vmovp
  }

  /** request_irq of the doorbell: the vPE is mapped on processor 0 and its doorbell enabled, unless that is so. */
  activate(vpe: HostVpe): void {
    if (vpe.active) return
    vpe.active = true
    vpe.processor = 0
    if (this.mapsEagerly) for (const its of this.#host.hardware.itses) this.#map(its, vpe)
    if (this.#host.v41) this.#maskDefaultDoorbell(vpe, false)
  }

  /**
   * free_irq of the doorbell: on GICv4.1 the pending table in memory is true when this returns. Of a vPE whose doorbell is not requested
   * nothing happens: the genirq core warns and deactivates no interrupt twice.
   */
  deactivate(vpe: HostVpe): void {
    if (!vpe.active) return
    vpe.active = false
    if (this.#host.v41) this.#maskDefaultDoorbell(vpe, true)
    if (!this.mapsEagerly) return
    for (const its of this.#host.hardware.itses) this.#unmap(its, vpe)
  }

  /** GICv4.0 with an ITSList: the first vLPI of the VM on an ITS maps all its vPEs there. */
  useIts(its: PhysicalIts): void {
    if (this.mapsEagerly) return
    const count = ++this.#vm.vlpiCount[its.number]!
    if (count === 1) for (const vpe of this.#vm.vpes) this.#map(its, vpe)
  }

  /** The last one unmaps them. */
  releaseIts(its: PhysicalIts): void {
    if (this.mapsEagerly) return
    const count = --this.#vm.vlpiCount[its.number]!
    if (count === 0) for (const vpe of this.#vm.vpes) this.#unmap(its, vpe)
  }

  /**
   * Moves the vPE to a physical processor: VMOVP to every ITS that maps it, with one sequence number and one ITSList.
   *
   * @throws KvmError EINVAL for a vPE that is not mapped where vPEs are mapped eagerly (its_vpe_set_affinity).
   */
  move(vpe: HostVpe, processor: number): void {
    if (vpe.mapCount === 0 && this.mapsEagerly) throw new KvmError('EINVAL', `vPE ${vpe.vpeid} is not mapped`)
    const from = vpe.processor
    vpe.processor = processor
    if (vpe.mapCount === 0 || from === processor) return
    const { itses } = this.#host.hardware
    const doorbell = this.#host.v41 ? { doorbellValid: true, defaultDoorbell: vpe.doorbell } : {}
    const args = { vpeid: vpe.vpeid, rdBase: processor, ...doorbell }
    if (itses[0]!.vmovp) {
      this.#host.send(itses[0]!, 'VMOVP', args)
      return
    }
    const taking = itses.filter((its) => this.#host.v41 || this.#vm.vlpiCount[its.number]! > 0)
    const itsList = taking.reduce((list, its) => list | (1 << its.number), 0)
    const sequence = this.#host.nextSequence()
    for (const its of taking) this.#host.send(its, 'VMOVP', { ...args, sequence, itsList })
  }

  /** Makes the vPE resident on the processor it was moved to. */
  schedule(vpe: HostVpe, groups: { readonly group0: boolean; readonly group1: boolean }): void {
    const redistributor = this.#redistributor(vpe)
    if (this.#host.v41) {
      const order = { valid: true, vpeid: vpe.vpeid, vgrp0En: groups.group0, vgrp1En: groups.group1 }
      redistributor.write(GICR_VIRTUAL.VPENDBASER, GICR_VPENDBASER_V41.pack(order))
    } else {
      const vprop = GICR_VPROPBASER_V40.pack({ address: this.#vm.vconfAddr, idBits: VM_INTID_BITS - 1 })
      redistributor.write(GICR_VIRTUAL.VPROPBASER, vprop)
      const order = { valid: true, pendingLast: true, address: vpe.vptAddr }
      redistributor.write(GICR_VIRTUAL.VPENDBASER, GICR_VPENDBASER_V40.pack(order))
    }
    vpe.resident = true
  }

  /** Waits until the table is parsed: the guest may run. */
  commit(vpe: HostVpe): void {
    this.#awaitClean(this.#redistributor(vpe))
    vpe.ready = true
  }

  /**
   * Ends the residency. A vCPU that blocks asks for a doorbell and learns whether something is pending; one that will be back
   * asks for nothing and takes it that something is. Hardware that stays Dirty is taken to have something pending too.
   */
  deschedule(vpe: HostVpe, blocks: boolean): void {
    const redistributor = this.#redistributor(vpe)
    this.#awaitClean(redistributor)
    const order = blocks ? { doorbell: true } : { pendingLast: true }
    const value = this.#host.v41 ? GICR_VPENDBASER_V41.pack({ vpeid: vpe.vpeid, ...order }) : 0n
    redistributor.write(GICR_VIRTUAL.VPENDBASER, value)
    const { dirty, pendingLast } = this.#awaitClean(redistributor)
    vpe.pendingLast = dirty || pendingLast
    vpe.resident = false
    vpe.ready = false
  }

  /** GICv4.0: masks or unmasks the doorbell, which there is an ordinary LPI. */
  maskDoorbell(vpe: HostVpe, mask: boolean): void {
    this.#host.enableLpi(vpe.doorbell, !mask)
    this.#redistributor(vpe).write(GICR.INVLPIR, GICR_INVLPIR.pack({ intid: vpe.doorbell }))
  }

  #map(its: PhysicalIts, vpe: HostVpe): void {
    const { vpeid, vptAddr, processor: rdBase } = vpe
    const alloc = vpe.mapCount === 0
    vpe.mapCount += 1
    vpe.everMapped = true
    const v40 = { vpeid, rdBase, valid: true, vptAddr, vptSize: VM_INTID_BITS - 1 }
    const v41 = { alloc, ptz: false, vconfAddr: this.#vm.vconfAddr, defaultDoorbell: vpe.doorbell }
    this.#host.send(its, 'VMAPP', this.#host.v41 ? { ...v40, ...v41 } : v40)
    this.#host.send(its, 'VINVALL', { vpeid })
  }

  #unmap(its: PhysicalIts, vpe: HostVpe): void {
    vpe.mapCount -= 1
    const alloc = this.#host.v41 && vpe.mapCount === 0
    this.#host.send(its, 'VMAPP', { vpeid: vpe.vpeid, valid: false, alloc })
    if (!this.#host.v41) this.#host.send(its, 'VSYNC', { vpeid: vpe.vpeid })
  }

  #maskDefaultDoorbell(vpe: HostVpe, mask: boolean): void {
    this.#host.enableLpi(vpe.doorbell, !mask)
    this.#host.send(this.#host.hardware.itses[0]!, 'INVDB', { vpeid: vpe.vpeid })
  }

  #redistributor(vpe: HostVpe): PhysicalRedistributor {
    return this.#host.hardware.redistributors[vpe.processor]!
  }

  #awaitClean(redistributor: PhysicalRedistributor): { readonly dirty: boolean; readonly pendingLast: boolean } {
    const form = this.#host.v41 ? GICR_VPENDBASER_V41 : GICR_VPENDBASER_V40
    let read = form.unpack(redistributor.read(GICR_VIRTUAL.VPENDBASER))
    for (let reads = 1; read.dirty && reads < PATIENCE; reads++) {
      read = form.unpack(redistributor.read(GICR_VIRTUAL.VPENDBASER))
    }
    return read
  }
}
