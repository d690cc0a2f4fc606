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
   * Routes a host interrupt to an MSI of the guest. Where hardware cannot take it over, KVM injects what arrives.
   *
   * @returns true when hardware delivers it from now on; call again when it was false and the guest has mapped the event since.
   * @throws RangeError for an interrupt that no device of the host has.
   */
  connect(irq: number, msi: Msi): boolean {
    this.#routes.set(irq, msi)
    this.#direct.host.requestIrq(irq, () => {
      this.#doorbells.signal(msi.address, msi.deviceId, msi.eventId, msi.flags)
    })
    const its = this.#doorbells.at(msi.address)
    if (its === undefined) return false
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
