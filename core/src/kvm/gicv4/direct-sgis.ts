import { VSGI_COUNT } from '../../abi/index.ts'
import type { DirectSgisHooks, Gic, PrivateInterrupts, SgiHardware } from '../../its/index.ts'
import { attempt } from '../../memory/index.ts'
import type { DirectInjection } from './direct-injection.ts'
import type { HostVpe } from './host-vpe.ts'
import { VsgiDriver } from './vsgi-driver.ts'

const sgis = Array.from({ length: VSGI_COUNT }, (_, sgi) => sgi)

/**
 * The SGIs of the vCPUs of a VM on GICv4.1: in software until the guest asks for SGIs without active state (GICD_CTLR.nASSGIreq),
 * then in the vPE. Configuration and pending state go along, both ways. User space that restores GICD_CTLR is heard when the first vCPU
 * runs: until then what it writes of SGIs stays in software.
 *
 * Their pending state is read through GICR_VSGIPENDR, which needs the vPE mapped; SAVE_PENDING_TABLES unmaps it. So userspace
 * must save SGIs before or after, never during: reading in between is logged by the hardware and answers 0. The state itself
 * survives the unmap.
 *
 * @source Linux arch/arm64/kvm/vgic/vgic-v4.c vgic_v4_enable_vsgis, vgic_v4_disable_vsgis; vgic-v3.c vgic_v3_map_resources
 */
export class DirectSgis implements DirectSgisHooks {
  readonly #gic: Gic
  readonly #direct: DirectInjection
  readonly #driver: VsgiDriver
  #requested = false
  #inHardware = false
  #ran = false

  constructor(gic: Gic, direct: DirectInjection) {
    this.#gic = gic
    this.#direct = direct
    this.#driver = new VsgiDriver(direct.host)
  }

  get requested(): boolean {
    return this.#requested
  }

  /** Hardware delivers them. */
  get inHardware(): boolean {
    return this.#inHardware
  }

  request(wanted: boolean): void {
    if (wanted === this.#requested) return
    this.#requested = wanted
    this.#configure()
  }

  restoreRequest(wanted: boolean): void {
    this.#requested = wanted
  }

  /** A vCPU is about to run: with the first one, what user space has restored takes effect. */
  run(): void {
    if (this.#ran) return
    this.#ran = true
    this.#configure()
  }

  /** KVM_REQ_RELOAD_GICv4: loaded vCPUs leave and come back with the new group enables. */
  groupsChanged(): void {
    this.#direct.reload()
  }

  /** vgic_v4_configure_vsgis: hands all SGIs of all vCPUs to hardware, or takes them back. */
  #configure(): void {
    if (this.#inHardware === this.#requested) return
    this.#inHardware = this.#requested
    for (const [vcpu, vpe] of this.#direct.vpes.entries()) {
      const { privates } = this.#gic.redistributors[vcpu]!
      if (this.#inHardware) this.#enable(vpe, privates)
      else this.#disable(vpe, privates)
    }
  }

  #enable(vpe: HostVpe, privates: PrivateInterrupts): void {
    const hardware = new VpeSgis(this.#driver, vpe, privates)
    const pending = privates.handSgisTo(hardware)
    for (const sgi of sgis) {
      hardware.setEnabled(sgi, ((privates.enabled >>> sgi) & 1) === 1)
      hardware.setPending(sgi, ((pending >>> sgi) & 1) === 1)
    }
  }

  #disable(vpe: HostVpe, privates: PrivateInterrupts): void {
    const hardware = privates.hardware
    if (hardware === undefined) return
    privates.takeSgisBack(hardware.pending())
    for (const sgi of sgis) {
      hardware.setEnabled(sgi, false)
      this.#driver.clear(vpe, sgi)
    }
  }
}

/** The SGIs of one vCPU in its vPE. */
class VpeSgis implements SgiHardware {
  readonly #driver: VsgiDriver
  readonly #vpe: HostVpe
  readonly #privates: PrivateInterrupts
  /** Bit n: the hardware was told that SGI n is enabled. */
  #enabled = 0

  constructor(driver: VsgiDriver, vpe: HostVpe, privates: PrivateInterrupts) {
    this.#driver = driver
    this.#vpe = vpe
    this.#privates = privates
  }

  /** None where the hardware does not answer: Linux warns and goes on. */
  pending(): number {
    const read = attempt(() => this.#driver.pending(this.#vpe))
    return read.ok ? read.value : 0
  }

  setPending(sgi: number, pending: boolean): void {
    if (pending) this.#driver.raise(this.#vpe, sgi)
    else this.#driver.clear(this.#vpe, sgi)
  }

  setEnabled(sgi: number, enabled: boolean): void {
    const bit = 1 << sgi
    this.#enabled = enabled ? this.#enabled | bit : this.#enabled & ~bit
    this.reclassify(sgi)
  }

  reclassify(sgi: number): void {
    const bit = (mask: number) => ((mask >>> sgi) & 1) === 1
    const config = { enabled: bit(this.#enabled), group1: bit(this.#privates.group1), priority: this.#privates.priority(sgi) }
    this.#driver.configure(this.#vpe, sgi, config)
  }
}
