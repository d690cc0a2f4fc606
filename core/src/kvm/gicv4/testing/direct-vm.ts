import { FIRST_LPI, profiles, type Quirks, quirkSet } from '../../../abi/index.ts'
import { restoreTables } from '../../../tables/index.ts'
import { LiveIts } from '../../../tables/testing/live-its.ts'
import { DirectInjection, type MsiEvent } from '../direct-injection.ts'
import { GicHost, type HostIrq, type HostShape } from '../host.ts'
import type { HostVpe } from '../host-vpe.ts'

export const DEVICE = 3

export interface DirectVmOptions extends Partial<HostShape> {
  readonly vcpus?: number
  /** Events of the device, EventID n to LPI 8192 + n in the collection of vCPU n modulo `vcpus`. */
  readonly events?: number
  readonly quirks?: Quirks
  /** A VM whose saved RAM this one starts from: its tables are restored, nothing is forwarded yet. */
  readonly from?: DirectVm
}

/** A VM with an assigned device on a host with GICv4. */
export class DirectVm {
  readonly live: LiveIts
  readonly host: GicHost
  readonly direct: DirectInjection
  readonly irqs: readonly HostIrq[]

  constructor(options: DirectVmOptions = {}) {
    const { vcpus = 2, events = 16, quirks = quirkSet([]), from, version = 'GICv4.1', ...shape } = options
    const vcpuIds = Array.from({ length: vcpus }, (_, vcpu) => vcpu)
    const copied = from === undefined ? {} : { memory: from.live.memory.fork() }
    this.live = new LiveIts({ vcpuIds, quirks, ...copied })
    this.host = new GicHost({ version, ...shape })
    this.irqs = this.host.addDevice(DEVICE, events)
    this.direct = new DirectInjection(this.gic, this.host)
    this.host.onIrq = (irq) => this.lpis.raise(this.handle(this.irqs.findIndex((host) => host.irq === irq)))
    for (const vcpu of vcpuIds) this.gic.setEnableLpis(vcpu, true)
    if (from === undefined) this.#map(vcpus, events)
    else restoreTables(this.its)
    this.lpis.delivering = true
    this.its.enabled = true
  }

  get gic() {
    return this.live.gic
  }

  get its() {
    return this.live.its
  }

  get lpis() {
    return this.live.gic.lpis
  }

  get log() {
    return this.host.hardware.log
  }

  event(eventId: number): MsiEvent {
    return { deviceId: DEVICE, eventId }
  }

  handle(eventId: number): number {
    return this.lpis.find(FIRST_LPI + eventId)
  }

  /** The device sends the MSI. */
  msi(eventId: number): boolean {
    return this.host.msi(this.irqs[eventId]!.irq)
  }

  forward(...eventIds: number[]): boolean[] {
    return eventIds.map((eventId) => this.direct.setForwarding(this.its, this.event(eventId), this.irqs[eventId]!.irq))
  }

  unforward(eventId: number): boolean {
    return this.direct.unsetForwarding(this.its, this.event(eventId), this.irqs[eventId]!.irq)
  }

  /** MOVI to the collection of a vCPU. */
  movi(eventId: number, vcpu: number): void {
    this.its.events.setIcid(this.its.events.find(this.its.devices.find(DEVICE), eventId), vcpu)
    this.lpis.retarget(this.handle(eventId), vcpu)
  }

  isForwarded(eventId: number): boolean {
    return this.lpis.isForwarded(this.handle(eventId))
  }

  /** EventIDs whose LPI is pending, wherever the bit is: in the hardware or in the latch. */
  pending(): number[] {
    return this.irqs.map(({ eventId }) => eventId).filter((eventId) => this.#isPending(eventId))
  }

  /** EventIDs whose bit the guest's pending table of their target holds. */
  saved(): number[] {
    return this.irqs
      .map(({ eventId }) => eventId)
      .filter((eventId) => {
        const handle = this.handle(eventId)
        const intid = FIRST_LPI + eventId
        return handle !== 0 && (this.live.memory.u8(this.gic.pendingAt(intid, this.lpis.target(handle))) >>> (intid & 7)) & 1
      })
  }

  vpe(vcpu: number): HostVpe {
    return this.direct.vpes[vcpu]!
  }

  #isPending(eventId: number): boolean {
    const handle = this.handle(eventId)
    if (handle === 0) return false
    if (!this.lpis.isForwarded(handle)) return this.lpis.isPending(handle)
    const { vpeid } = this.vpe(this.lpis.target(handle))
    return this.host.hardware.virtual.vpe(vpeid)?.isPending(FIRST_LPI + eventId) ?? false
  }

  #map(vcpus: number, events: number): void {
    this.live.memory.fill(this.gic.configAt(FIRST_LPI), 0x1000, 0xa1)
    for (let vcpu = 0; vcpu < vcpus; vcpu++) this.its.collections.set(vcpu, vcpu)
    const bits = Math.max(1, Math.ceil(Math.log2(events)))
    const slot = this.its.addDevice(DEVICE, this.live.itt(DEVICE), bits)
    for (let eventId = 0; eventId < events; eventId++) this.its.mapEvent(slot, eventId, FIRST_LPI + eventId, eventId % vcpus, 0)
  }
}

export const linux = (id: keyof typeof profiles): Quirks => profiles[id].quirks
