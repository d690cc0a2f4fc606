import { VSGI_COUNT } from '../../abi/index.ts'
import type { DirectSgisHooks } from '../../its/index.ts'
import type { DirectInjection } from './direct-injection.ts'
import type { HostVpe } from './host-vpe.ts'
import { type VsgiConfig, VsgiDriver } from './vsgi-driver.ts'

interface Sgi {
  config: VsgiConfig
  /** The pending state while software delivers the SGI. */
  latch: boolean
}

const created: VsgiConfig = { enabled: false, group1: true, priority: 0 }

/**
 * The SGIs of the vCPUs of a VM on GICv4.1: in software until the guest asks for SGIs without active state (GICD_CTLR.nASSGIreq),
 * then in the vPE. Configuration and pending state go along, both ways.
 *
 * Their pending state is read through GICR_VSGIPENDR, which needs the vPE mapped; SAVE_PENDING_TABLES unmaps it. So userspace
 * must save SGIs before or after, never during: reading in between is logged by the hardware and answers 0. The state itself
 * survives the unmap.
 *
 * @source Linux arch/arm64/kvm/vgic/vgic-v4.c vgic_v4_enable_vsgis, vgic_v4_disable_vsgis
 */
export class DirectSgis implements DirectSgisHooks {
  readonly #direct: DirectInjection
  readonly #driver: VsgiDriver
  readonly #sgis: Sgi[][]
  #inHardware = false

  constructor(direct: DirectInjection) {
    this.#direct = direct
    this.#driver = new VsgiDriver(direct.host)
    this.#sgis = direct.vpes.map(() => Array.from({ length: VSGI_COUNT }, () => ({ config: created, latch: false })))
  }

  get inHardware(): boolean {
    return this.#inHardware
  }

  /** vgic_v4_configure_vsgis: hands all SGIs of all vCPUs to hardware, or takes them back. */
  setInHardware(wanted: boolean): void {
    if (wanted === this.#inHardware) return
    this.#inHardware = wanted
    for (const [vcpu, vpe] of this.#direct.vpes.entries()) {
      if (wanted) this.#enable(vpe, this.#sgis[vcpu]!)
      else this.#disable(vpe, this.#sgis[vcpu]!)
    }
  }

  /** KVM_REQ_RELOAD_GICv4: loaded vCPUs leave and come back with the new group enables. */
  groupsChanged(): void {
    this.#direct.reload()
  }

  configure(vcpu: number, sgi: number, config: VsgiConfig): void {
    this.#sgis[vcpu]![sgi]!.config = config
    if (this.#inHardware) this.#driver.configure(this.#direct.vpes[vcpu]!, sgi, config)
  }

  setPending(vcpu: number, sgi: number, pending: boolean): void {
    if (!this.#inHardware) this.#sgis[vcpu]![sgi]!.latch = pending
    else if (pending) this.#driver.raise(this.#direct.vpes[vcpu]!, sgi)
    else this.#driver.clear(this.#direct.vpes[vcpu]!, sgi)
  }

  /** GICR_ISPENDR0 [15:0], as userspace saves it. @throws KvmError ENXIO when the hardware stays Busy. */
  pending(vcpu: number): number {
    if (this.#inHardware) return this.#driver.pending(this.#direct.vpes[vcpu]!)
    return this.#sgis[vcpu]!.reduce((mask, { latch }, sgi) => mask | (Number(latch) << sgi), 0)
  }

  #enable(vpe: HostVpe, sgis: readonly Sgi[]): void {
    for (const [sgi, state] of sgis.entries()) {
      this.#driver.configure(vpe, sgi, state.config)
      if (state.latch) this.#driver.raise(vpe, sgi)
      state.latch = false
    }
  }

  #disable(vpe: HostVpe, sgis: readonly Sgi[]): void {
    const pending = this.#driver.pending(vpe)
    for (const [sgi, state] of sgis.entries()) {
      state.latch = ((pending >>> sgi) & 1) === 1
      this.#driver.configure(vpe, sgi, { ...state.config, enabled: false })
      this.#driver.clear(vpe, sgi)
    }
  }
}
