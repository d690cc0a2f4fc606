import { LPI_LIMIT } from '../../abi/index.ts'
import { type Forwarding, type Gic, type Its, type Lpis, SPURIOUS } from '../../its/index.ts'
import { KvmError } from '../../memory/index.ts'
import { writePendingTables } from '../../tables/index.ts'
import type { GicHost } from './host.ts'
import { allocateVm, type HostVm, type HostVpe, pendingInTable } from './host-vpe.ts'
import { VlpiDriver } from './vlpi-driver.ts'
import { VpeDriver } from './vpe-driver.ts'

/** The MSI of a device that the guest owns, as KVM's interrupt routing names it. */
export interface MsiEvent {
  readonly deviceId: number
  readonly eventId: number
}

interface Drivers {
  readonly vm: HostVm
  readonly vpes: VpeDriver
  readonly vlpis: VlpiDriver
}

/**
 * KVM's use of GICv4 for one VM: LPIs that the host's ITS delivers to the guest itself.
 *
 * `Lpis` calls this through its `forwarding` hooks whenever the guest retargets, clears, raises, reconfigures or unmaps an LPI that
 * is forwarded; the pending state of such an LPI is in the hardware and its latch in `Lpis` is off.
 *
 * @source Linux arch/arm64/kvm/vgic/vgic-v4.c, vgic-v3.c unmap_all_vpes and map_all_vpes
 */
export class DirectInjection implements Forwarding {
  readonly host: GicHost
  readonly #gic: Gic
  readonly #lpis: Lpis
  /** INTID of a forwarded LPI to the host's interrupt behind it. */
  readonly #irqs = new Map<number, number>()
  #drivers: Drivers | undefined

  constructor(gic: Gic, host: GicHost) {
    this.#gic = gic
    this.#lpis = gic.lpis
    this.host = host
  }

  get hasGicv41(): boolean {
    return this.host.v41
  }

  /** The vPEs, by vCPU index; none before `init`. */
  get vpes(): readonly HostVpe[] {
    return this.#drivers?.vm.vpes ?? []
  }

  /** vgic_v4_init: one vPE for each vCPU, mapped at once where vPEs are mapped eagerly. A vCPU added later has none. */
  init(): void {
    if (this.#drivers !== undefined) return
    const vm = allocateVm(this.host, this.#gic.redistributors.length, (vcpu) => this.#ring(vcpu))
    const vpes = new VpeDriver(this.host, vm)
    this.#drivers = { vm, vpes, vlpis: new VlpiDriver(this.host, vm, vpes) }
    this.#lpis.forwarding = this
    for (const vpe of vm.vpes) vpes.activate(vpe)
  }

  /** vgic_v4_teardown: interrupts go back to the host, vPEs are unmapped. */
  teardown(): void {
    if (this.#drivers === undefined) return
    for (const intid of [...this.#irqs.keys()]) {
      const handle = this.#lpis.find(intid)
      if (handle !== 0) this.#lpis.setForwarded(handle, false)
      this.unmap(intid)
    }
    for (const vpe of this.vpes) {
      if (vpe.resident) this.#drivers.vpes.deschedule(vpe, false)
      this.#drivers.vpes.deactivate(vpe)
    }
    this.#lpis.forwarding = undefined
    this.#drivers = undefined
  }

  /**
   * kvm_vgic_v4_set_forwarding: the LPI of an event is delivered by hardware from now on, and a pending latch moves there.
   *
   * @param irq the host's interrupt of the device.
   * @returns false when software goes on delivering: the event is unmapped, or its INTID is beyond the hardware's 16 bits.
   * @throws KvmError EBUSY while the ITS or the LPIs of the target are disabled.
   */
  setForwarding(its: Its, event: MsiEvent, irq: number): boolean {
    if (this.#drivers === undefined) return false
    const lpis = this.#lpis
    const handle = resolve(its, event)
    if (handle === 0 || lpis.intid(handle) >= LPI_LIMIT) return false
    const intid = lpis.intid(handle)
    const vpe = this.vpes[lpis.target(handle)]
    if (lpis.isForwarded(handle)) return this.#irqs.get(intid) === irq
    if (vpe === undefined) return false
    const config = lpis.priority(handle) | (lpis.isEnabled(handle) ? 1 : 0)
    this.#drivers.vlpis.map(irq, vpe, intid, config)
    lpis.setForwarded(handle, true)
    this.#irqs.set(intid, irq)
    if (lpis.isPending(handle)) {
      this.#drivers.vlpis.setPending(irq, true)
      lpis.setPending(handle, false)
    }
    return true
  }

  /**
   * kvm_vgic_v4_unset_forwarding: software delivers the LPI again.
   *
   * A bit that is pending in hardware is lost: the host sends DISCARD, and nobody reads the virtual pending table before.
   *
   * @returns false when the LPI was not forwarded for this interrupt.
   * @throws KvmError EBUSY as `setForwarding`.
   */
  unsetForwarding(its: Its, event: MsiEvent, irq: number): boolean {
    const lpis = this.#lpis
    const handle = resolve(its, event)
    if (this.#drivers === undefined || handle === 0 || !lpis.isForwarded(handle)) return false
    const intid = lpis.intid(handle)
    if (this.#irqs.get(intid) !== irq) return false
    lpis.setForwarded(handle, false)
    this.unmap(intid)
    return true
  }

  /** vgic_v4_load: the vCPU is about to run on a physical processor. @throws KvmError EINVAL for a vPE that is not mapped. */
  load(vcpu: number, processor: number): void {
    const vpe = this.vpes[vcpu]
    if (this.#drivers === undefined || vpe === undefined || vpe.resident) return
    const { vpes } = this.#drivers
    if (!this.host.v41) vpes.maskDoorbell(vpe, true)
    vpes.move(vpe, processor)
    vpes.schedule(vpe, { group0: false, group1: this.#lpis.delivering })
    vpes.commit(vpe)
    if (!this.host.v41) this.host.hardware.lpis.clear(vpe.doorbell)
  }

  /**
   * vgic_v4_put: the vCPU stops. `blocks` says that it waits for an interrupt (WFI): it gets a doorbell for the next one.
   *
   * @returns true when the vCPU should not block because something may be pending.
   */
  put(vcpu: number, { blocks }: { readonly blocks: boolean }): boolean {
    const vpe = this.vpes[vcpu]
    if (this.#drivers === undefined || vpe === undefined) return false
    if (!vpe.resident) return vpe.pendingLast
    if (!this.host.v41 && blocks) this.#drivers.vpes.maskDoorbell(vpe, false)
    this.#drivers.vpes.deschedule(vpe, blocks)
    return vpe.pendingLast
  }

  /** Makes every resident vPE resident anew, so that the hardware learns of GICD_CTLR.EnableGrp1. */
  reload(): void {
    for (const [vcpu, vpe] of this.vpes.entries()) {
      if (!vpe.resident) continue
      this.put(vcpu, { blocks: false })
      this.load(vcpu, vpe.processor)
    }
  }

  /** The guest acknowledges a direct interrupt on a loaded vCPU; 1023 when there is none. */
  acknowledge(vcpu: number): number {
    const vpe = this.vpes[vcpu]
    return vpe?.resident ? this.host.hardware.redistributors[vpe.processor]!.acknowledge() : SPURIOUS
  }

  /**
   * KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES of an initialised GIC: with GICv4.1 every vPE is unmapped, which makes the virtual pending
   * tables in memory true, the bits of forwarded LPIs are read there, and the vPEs are mapped again, also when the save fails.
   * With GICv4.0, or a kernel that does not know how (quirk `no-gicv41-save`), what software knows is written.
   *
   * Devices must be quiet: an interrupt that comes while its vPE is unmapped is lost, and the hardware's log says so.
   *
   * @returns how many bits changed in guest RAM.
   * @throws KvmError EFAULT where that fails.
   * @source Linux arch/arm64/kvm/vgic/vgic-v3.c vgic_v3_save_pending_tables
   */
  writePendingTables(): number {
    if (!this.hasGicv41 || this.#gic.quirks['no-gicv41-save']) return writePendingTables(this.#gic)
    this.unmapAll()
    try {
      return writePendingTables(this.#gic, { vlpiPending: (intid) => this.vlpiPending(intid) })
    } finally {
      this.mapAll()
    }
  }

  /** unmap_all_vpes: frees every doorbell interrupt. The vCPUs must have stopped. A vPE that is unmapped stays so. */
  unmapAll(): void {
    for (const vpe of this.vpes) this.#drivers!.vpes.deactivate(vpe)
  }

  /** map_all_vpes: requests them again; what was unmapped is on processor 0 until its vCPU is loaded. */
  mapAll(): void {
    for (const vpe of this.vpes) this.#drivers!.vpes.activate(vpe)
  }

  /** The pending bit in the virtual pending table: true on GICv4.1 while the vPEs are unmapped, stale otherwise; false for a vPE never mapped. */
  vlpiPending(intid: number): boolean {
    const vpe = this.vpes[this.#lpis.target(this.#lpis.find(intid))]
    return vpe !== undefined && pendingInTable(this.host, vpe, intid)
  }

  setPending(intid: number, pending: boolean): void {
    this.#drivers?.vlpis.setPending(this.#irqs.get(intid)!, pending)
  }

  retarget(intid: number, vcpu: number): void {
    const vpe = this.vpes[vcpu]
    if (vpe !== undefined) this.#drivers?.vlpis.retarget(this.#irqs.get(intid)!, vpe)
  }

  configure(intid: number, config: number): void {
    this.#drivers?.vlpis.configure(this.#irqs.get(intid)!, config)
  }

  unmap(intid: number): void {
    this.#drivers?.vlpis.unmap(this.#irqs.get(intid)!)
    this.#irqs.delete(intid)
  }

  /** vgic_v4_doorbell_handler: the vCPU has something to take, wake it. */
  #ring(vcpu: number): void {
    const vpe = this.vpes[vcpu]
    if (this.#drivers === undefined || vpe === undefined) return
    if (!this.host.v41) this.#drivers.vpes.maskDoorbell(vpe, true)
    vpe.pendingLast = true
    vpe.rings += 1
    this.#lpis.kicks[vcpu] = 1
  }
}

/** vgic_its_resolve_lpi: the handle of an event's LPI; 0 when the event or its collection is not mapped. */
function resolve(its: Its, { deviceId, eventId }: MsiEvent): number {
  if (!its.enabled) throw new KvmError('EBUSY', 'the ITS is disabled', { deviceId, eventId })
  const slot = its.devices.find(deviceId)
  const index = slot < 0 ? -1 : its.events.find(slot, eventId)
  if (index < 0) return 0
  const vcpu = its.collections.target(its.events.icid(index))
  if (vcpu < 0) return 0
  if (!its.gic.redistributors[vcpu]!.enableLpis) throw new KvmError('EBUSY', `LPIs are disabled on vCPU ${vcpu}`)
  return its.events.lpi(index)
}
