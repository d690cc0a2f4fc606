import { FIRST_LPI, NEWEST, type ProfileId } from '../../../abi/index.ts'
import type { HostShape } from '../../../kvm/gicv4/host.ts'
import type { HostVpe } from '../../../kvm/gicv4/host-vpe.ts'
import { AssignedVm, type SavedVm } from '../assigned-vm.ts'

export interface DirectVmOptions extends Partial<HostShape> {
  readonly vcpus?: number
  /** Interrupt n is LPI 8192 + n, for vCPU n modulo `vcpus`. */
  readonly events?: number
  readonly kernel?: ProfileId
  readonly vectors?: number
  readonly directSgis?: boolean
  readonly saved?: SavedVm
}

/** A VM with an assigned device, and everything a test wants to look at. Nothing is forwarded at first. */
export class DirectVm extends AssignedVm {
  constructor(options: DirectVmOptions = {}) {
    const {
      vcpus = 2,
      events = 16,
      kernel = NEWEST,
      version = 'GICv4.1',
      vectors = 512,
      directSgis = false,
      saved,
      ...host
    } = options
    const list = Array.from({ length: events }, (_, n) => ({ vcpu: n % vcpus, direct: true }))
    super({
      host: { version, processors: 4, ...host },
      vcpus,
      events: list,
      kernel,
      vectors,
      directSgis,
      ...(saved && { saved }),
    })
  }

  get direct() {
    return this.vm.direct!
  }

  get lpis() {
    return this.vm.gic.lpis
  }

  get log() {
    return this.host.hardware.log
  }

  handle(n: number): number {
    return this.lpis.find(FIRST_LPI + n)
  }

  /** kvm_vgic_v4_set_forwarding, without the irqfd around it. */
  setForwarding(n: number, irq = this.irqs[n]!.irq): boolean {
    return this.direct.setForwarding(this.its.its, this.msiOf(n), irq)
  }

  unsetForwarding(n: number, irq = this.irqs[n]!.irq): boolean {
    return this.direct.unsetForwarding(this.its.its, this.msiOf(n), irq)
  }

  bypass(n: number): boolean {
    return this.vm.assigned!.bypass(this.irqs[n]!.irq)
  }

  /** Sets the forwarding of these interrupts. */
  forwardOnly(...numbers: number[]): boolean[] {
    return numbers.map((n) => this.setForwarding(n))
  }

  isForwarded(n: number): boolean {
    return this.lpis.isForwarded(this.handle(n))
  }

  movi(n: number, vcpu: number): void {
    const { deviceId, eventId } = this.msiOf(n)
    this.command('MOVI', { deviceId, eventId, icid: vcpu })
  }

  clear(n: number): void {
    const { deviceId, eventId } = this.msiOf(n)
    this.command('CLEAR', { deviceId, eventId })
  }

  /** Writes the configuration byte of an LPI and has it read again. */
  configure(n: number, byte: number): void {
    this.vm.memory.setU8(this.vm.gic.configAt(FIRST_LPI + n), byte)
    const { deviceId, eventId } = this.msiOf(n)
    this.command('INV', { deviceId, eventId })
  }

  /** Interrupts that are pending, wherever the bit is: in the hardware or in the latch. */
  pending(): number[] {
    return this.irqs.map((_, n) => n).filter((n) => this.#isPending(n))
  }

  /** Interrupts whose bit the guest's pending table of their target holds. */
  saved(): number[] {
    const { gic, memory } = this.vm
    return this.irqs
      .map((_, n) => n)
      .filter((n) => {
        const intid = FIRST_LPI + n
        return ((memory.u8(gic.pendingAt(intid, this.lpis.target(this.handle(n)))) >>> (intid & 7)) & 1) === 1
      })
  }

  vpe(vcpu: number): HostVpe {
    return this.direct.vpes[vcpu]!
  }

  #isPending(n: number): boolean {
    const handle = this.handle(n)
    if (handle === 0) return false
    if (!this.lpis.isForwarded(handle)) return this.lpis.isPending(handle)
    const { vpeid } = this.vpe(this.lpis.target(handle))
    return this.host.hardware.virtual.vpe(vpeid)?.isPending(FIRST_LPI + n) ?? false
  }
}
