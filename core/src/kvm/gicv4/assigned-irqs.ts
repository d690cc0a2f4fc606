import { KVM_MSI_VALID_DEVID } from '../../abi/index.ts'
import type { Msi, Translaters } from '../../its/index.ts'
import { attempt, KvmError } from '../../memory/index.ts'
import type { DirectInjection } from './direct-injection.ts'

/**
 * The interrupts of passed-through devices: each has an irqfd with an MSI route, and a bypass when hardware can deliver it.
 *
 * @source Linux virt/kvm/eventfd.c, virt/lib/irqbypass.c, arch/arm64/kvm/arm.c kvm_arch_irq_bypass_add_producer
 */
export class AssignedIrqs {
  readonly #translaters: Translaters
  readonly #direct: DirectInjection
  readonly #routes = new Map<number, Msi>()

  constructor(translaters: Translaters, direct: DirectInjection) {
    this.#translaters = translaters
    this.#direct = direct
  }

  /**
   * KVM_IRQFD and KVM_SET_GSI_ROUTING: KVM injects what arrives as this MSI.
   *
   * @throws KvmError EINVAL for an unknown flag; RangeError for an interrupt that no device of the host has.
   */
  route(irq: number, msi: Msi): void {
    if ((msi.flags & ~KVM_MSI_VALID_DEVID) !== 0) throw new KvmError('EINVAL', `an MSI has no flags 0x${msi.flags.toString(16)}`)
    this.#routes.set(irq, msi)
    this.#direct.host.requestIrq(irq, () => {
      this.#translaters.signal(msi.address, msi.deviceId, msi.eventId, msi.flags)
    })
  }

  /**
   * Lets hardware deliver a routed interrupt past KVM, if it can.
   *
   * @returns false when KVM goes on injecting it: not routed to an ITS, the event not mapped, the ITS or the LPIs of its target disabled.
   * Ask again when the guest has changed that.
   */
  bypass(irq: number): boolean {
    const msi = this.#routes.get(irq)
    const its = msi && this.#translaters.at(msi.address)
    if (msi === undefined || its === undefined) return false
    const forwarded = attempt(() => this.#direct.setForwarding(its, msi, irq))
    return forwarded.ok && forwarded.value
  }

  /** Takes the route away: hardware stops delivering, and what arrives afterwards is nobody's. */
  disconnect(irq: number): void {
    const msi = this.#routes.get(irq)
    if (msi === undefined) return
    this.#routes.delete(irq)
    const its = this.#translaters.at(msi.address)
    if (its !== undefined) attempt(() => this.#direct.unsetForwarding(its, msi, irq))
    this.#direct.host.freeIrq(irq)
  }
}
