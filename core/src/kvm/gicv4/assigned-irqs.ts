import type { Doorbells, Msi } from '../../its/index.ts'
import { attempt } from '../../memory/index.ts'
import type { DirectInjection } from './direct-injection.ts'

/**
 * The interrupts of passed-through devices: each has an irqfd with an MSI route, and a bypass when hardware can deliver it.
 *
 * @source Linux virt/kvm/eventfd.c, virt/lib/irqbypass.c, arch/arm64/kvm/arm.c kvm_arch_irq_bypass_add_producer
 */
export class AssignedIrqs {
  readonly #doorbells: Doorbells
  readonly #direct: DirectInjection
  readonly #routes = new Map<number, Msi>()

  constructor(doorbells: Doorbells, direct: DirectInjection) {
    this.#doorbells = doorbells
    this.#direct = direct
  }

  /**
   * KVM_IRQFD: KVM injects what arrives as this MSI.
   *
   * @throws RangeError for an interrupt that no device of the host has.
   */
  route(irq: number, msi: Msi): void {
    this.#routes.set(irq, msi)
    this.#direct.host.requestIrq(irq, () => {
      this.#doorbells.signal(msi.address, msi.deviceId, msi.eventId, msi.flags)
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
    const its = msi && this.#doorbells.at(msi.address)
    if (msi === undefined || its === undefined) return false
    const forwarded = attempt(() => this.#direct.setForwarding(its, msi, irq))
    return forwarded.ok && forwarded.value
  }

  /** Takes the route away: hardware stops delivering, and what arrives afterwards is nobody's. */
  disconnect(irq: number): void {
    const msi = this.#routes.get(irq)
    if (msi === undefined) return
    this.#routes.delete(irq)
    const its = this.#doorbells.at(msi.address)
    if (its !== undefined) attempt(() => this.#direct.unsetForwarding(its, msi, irq))
    this.#direct.host.freeIrq(irq)
  }
}
