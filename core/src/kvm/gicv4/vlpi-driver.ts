import { FIRST_LPI, LPI_CONFIG, NO_DOORBELL } from '../../abi/index.ts'
import { type Gpa, KvmError } from '../../memory/index.ts'
import type { GicHost } from './host.ts'
import type { HostVm, HostVpe } from './host-vpe.ts'
import type { VpeDriver } from './vpe-driver.ts'

/** What a device interrupt of the host was turned into (Linux: struct its_vlpi_map). */
export interface VlpiMap {
  readonly vpe: HostVpe
  readonly vintid: number
  /** GICv4.0: whether the doorbell of the event is set. */
  readonly doorbell: boolean
}

const { enable } = LPI_CONFIG.fields
/** Bit 1 of a configuration byte: Group 1, RES1 where there are no groups. */
const GROUP1 = 2

/**
 * Turns device interrupts of the host into vLPIs of one VM and back, and follows what the guest does with them.
 *
 * @source Linux drivers/irqchip/irq-gic-v3-its.c its_vlpi_map, its_vlpi_unmap, its_vlpi_prop_update, its_irq_set_irqchip_state
 */
export class VlpiDriver {
  readonly #host: GicHost
  readonly #vm: HostVm
  readonly #vpes: VpeDriver
  readonly #maps = new Map<number, VlpiMap>()

  constructor(host: GicHost, vm: HostVm, vpes: VpeDriver) {
    this.#host = host
    this.#vm = vm
    this.#vpes = vpes
  }

  /** its_map_vlpi: a first time maps the event (DISCARD, VMAPTI), a further time moves it (VMOVI). `config` is its LPI configuration byte. */
  map(irq: number, vpe: HostVpe, vintid: number, config: number): void {
    const known = this.#maps.get(irq)
    if (known !== undefined) {
      this.#move(irq, { ...known, vpe })
      return
    }
    const { its, deviceId, eventId } = this.#host.irq(irq)
    this.#vpes.useIts(its)
    this.#maps.set(irq, { vpe, vintid, doorbell: true })
    this.#writeConfig(vintid, config)
    this.#host.send(its, 'DISCARD', { deviceId, eventId })
    this.#host.send(its, 'VMAPTI', { deviceId, eventId, vpeid: vpe.vpeid, vintid, doorbell: this.#doorbell(vpe, true) })
    this.#host.send(its, 'VSYNC', { vpeid: vpe.vpeid })
  }

  /** its_get_vlpi followed by its_map_vlpi: the event goes to another vPE, its pending bit with it. */
  retarget(irq: number, vpe: HostVpe): void {
    this.#move(irq, { ...this.#known(irq), vpe })
  }

  /** its_unmap_vlpi: the interrupt is the host's again. DISCARD drops the pending bit. */
  unmap(irq: number): void {
    this.#known(irq)
    this.#maps.delete(irq)
    const { its, deviceId, eventId } = this.#host.irq(irq)
    this.#host.send(its, 'DISCARD', { deviceId, eventId })
    this.#host.send(its, 'MAPTI', { deviceId, eventId, pintid: irq, icid: 0 })
    this.#host.enableLpi(irq, true)
    this.#host.send(its, 'INV', { deviceId, eventId })
    this.#vpes.releaseIts(its)
  }

  /** its_prop_update_vlpi: the configuration byte and, on GICv4.0, the doorbell, which must be set for enabled vLPIs only. */
  configure(irq: number, config: number): void {
    const map = this.#known(irq)
    const { its, deviceId, eventId } = this.#host.irq(irq)
    this.#writeConfig(map.vintid, config)
    this.#host.send(its, 'INV', { deviceId, eventId })
    const doorbell = enable.get(config, 0) === 1
    if (!this.#host.v41 && map.doorbell !== doorbell) this.#move(irq, { ...map, doorbell })
  }

  /** irq_set_irqchip_state of the pending state: INT or CLEAR. */
  setPending(irq: number, pending: boolean): void {
    const { vpe } = this.#known(irq)
    const { its, deviceId, eventId } = this.#host.irq(irq)
    this.#host.send(its, pending ? 'INT' : 'CLEAR', { deviceId, eventId })
    this.#host.send(its, 'VSYNC', { vpeid: vpe.vpeid })
  }

  #move(irq: number, map: VlpiMap): void {
    const { its, deviceId, eventId } = this.#host.irq(irq)
    this.#maps.set(irq, map)
    const doorbell = this.#doorbell(map.vpe, map.doorbell)
    this.#host.send(its, 'VMOVI', { deviceId, eventId, vpeid: map.vpe.vpeid, doorbellValid: true, doorbell })
    this.#host.send(its, 'VSYNC', { vpeid: map.vpe.vpeid })
  }

  /** @throws KvmError EINVAL for an interrupt that is not forwarded. */
  #known(irq: number): VlpiMap {
    const map = this.#maps.get(irq)
    if (map === undefined) throw new KvmError('EINVAL', `interrupt ${irq} is not forwarded`)
    return map
  }

  #doorbell(vpe: HostVpe, wanted: boolean): number {
    return wanted && !this.#host.v41 ? vpe.doorbell : NO_DOORBELL
  }

  #writeConfig(vintid: number, config: number): void {
    this.#host.memory.setU8((this.#vm.vconfAddr + vintid - FIRST_LPI) as Gpa, config | GROUP1)
  }
}
