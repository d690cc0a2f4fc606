import { FIRST_LPI, GICR_PENDBASER, GICR_PROPBASER, GITS_BASER, type Quirks } from '../../abi/index.ts'
import { type GicVersion, SPURIOUS } from '../../gicv4/index.ts'
import { COLLECTION_BASER, DEVICE_BASER, Gic, Its } from '../../its/index.ts'
import { DirectInjection, GicHost, type HostIrq } from '../../kvm/index.ts'
import { type Gpa, GuestMemory } from '../../memory/index.ts'
import { restoreTables } from '../../tables/index.ts'

const RAM = 0x4000_0000
const RAM_BYTES = 0x1000_0000
const CONFIGURATION = RAM + 0x1_0000
const DEVICE_TABLE = RAM + 0x10_0000
const COLLECTION_TABLE = RAM + 0x20_0000
const PENDING = RAM + 0x100_0000
const ITTS = RAM + 0x800_0000
const EVENTID_BITS = 9
/** MSI-X vectors of each assigned device. */
export const DEVICE_EVENTS = 2 ** EVENTID_BITS
const ITT_BYTES = DEVICE_EVENTS * 8

/** One interrupt of an assigned device: number `n` of the VM is EventID n % 512 of DeviceID n / 512, and LPI 8192 + n. */
export interface AssignedEvent {
  readonly vcpu: number
  /** GICv4 is to deliver it; otherwise software does. */
  readonly direct: boolean
}

export interface AssignedVmShape {
  readonly version: GicVersion
  readonly vcpus: number
  readonly events: readonly AssignedEvent[]
  readonly quirks: Quirks
  /** RAM of a VM that was saved: its tables are restored from there. */
  readonly saved?: GuestMemory
}

/** A VM whose devices are passed through, on a host of its own with one processor for each vCPU. */
export class AssignedVm {
  readonly memory: GuestMemory
  readonly gic: Gic
  readonly its: Its
  readonly host: GicHost
  readonly direct: DirectInjection
  readonly #events: readonly AssignedEvent[]
  readonly #irqs: readonly HostIrq[]
  readonly #numbers: ReadonlyMap<number, number>

  constructor({ version, vcpus, events, quirks, saved }: AssignedVmShape) {
    this.#events = events
    this.memory = saved ?? new GuestMemory([{ base: RAM as Gpa, bytes: RAM_BYTES, backing: 'sparse' }])
    this.gic = new Gic({ memory: this.memory, quirks, vcpuIds: Array.from({ length: vcpus }, (_, vcpu) => vcpu) })
    this.its = new Its(this.gic)
    this.host = new GicHost({ version, processors: vcpus })
    this.#irqs = this.#addDevices()
    this.#numbers = new Map(this.#irqs.map(({ irq }, n) => [irq, n]))
    this.host.onIrq = (irq) => this.gic.lpis.raise(FIRST_LPI + this.#numbers.get(irq)!)
    this.direct = new DirectInjection(this.gic, this.host)
    this.#setRegisters(vcpus)
    if (saved === undefined) this.#map(vcpus)
    else restoreTables(this.its)
    this.direct.init()
  }

  /** Sets the forwarding of every interrupt that is to be direct. */
  forward(): void {
    for (const [n, { direct }] of this.#events.entries()) {
      if (direct) this.direct.setForwarding(this.its, eventOf(n), this.#irqs[n]!.irq)
    }
  }

  /** The device of interrupt `n` sends its MSI. */
  msi(n: number): void {
    this.host.msi(this.#irqs[n]!.irq)
  }

  /** Every vCPU runs in turn, on a processor that `place` names, and takes all its interrupts: those taken, by number. */
  run(place: (vcpu: number) => number): Set<number> {
    const taken = new Set<number>()
    const { lpis } = this.gic
    for (const vcpu of this.gic.redistributors.keys()) {
      this.direct.load(vcpu, place(vcpu))
      lpis.settle(vcpu)
      for (let lpi = lpis.highest(vcpu); lpi !== 0; lpi = lpis.highest(vcpu)) {
        lpis.take(lpi)
        taken.add(lpis.intid(lpi) - FIRST_LPI)
      }
      for (let intid = this.direct.acknowledge(vcpu); intid !== SPURIOUS; intid = this.direct.acknowledge(vcpu)) {
        taken.add(intid - FIRST_LPI)
      }
      this.direct.put(vcpu, { blocks: false })
    }
    return taken
  }

  #addDevices(): HostIrq[] {
    const irqs: HostIrq[] = []
    for (let first = 0; first < this.#events.length; first += DEVICE_EVENTS) {
      irqs.push(...this.host.addDevice(first / DEVICE_EVENTS, Math.min(DEVICE_EVENTS, this.#events.length - first)))
    }
    return irqs
  }

  #setRegisters(vcpus: number): void {
    this.gic.setPropbaser(GICR_PROPBASER.pack({ address: CONFIGURATION, idBits: 15 }))
    this.its.setBaser(DEVICE_BASER, GITS_BASER.pack({ valid: true, addressLow: DEVICE_TABLE, pages: 7 }))
    this.its.setBaser(COLLECTION_BASER, GITS_BASER.pack({ valid: true, addressLow: COLLECTION_TABLE, pages: 0 }))
    for (let vcpu = 0; vcpu < vcpus; vcpu++) {
      this.gic.setPendbaser(vcpu, GICR_PENDBASER.pack({ address: PENDING + vcpu * 0x10000, ptz: true }))
      this.gic.setEnableLpis(vcpu, true)
    }
    this.gic.lpis.delivering = true
    this.its.enabled = true
  }

  #map(vcpus: number): void {
    this.memory.fill(CONFIGURATION as Gpa, 0x10000 - FIRST_LPI, 0xa1)
    for (let vcpu = 0; vcpu < vcpus; vcpu++) this.its.collections.set(vcpu, vcpu)
    let hint = 0
    for (const [n, { vcpu }] of this.#events.entries()) {
      const { deviceId, eventId } = eventOf(n)
      if (eventId === 0) hint = 0
      const slot =
        eventId === 0 ? this.its.addDevice(deviceId, ITTS + deviceId * ITT_BYTES, EVENTID_BITS) : this.its.devices.find(deviceId)
      hint = this.its.mapEvent(slot, eventId, FIRST_LPI + n, vcpu, hint)
    }
  }
}

const eventOf = (n: number) => ({ deviceId: Math.floor(n / DEVICE_EVENTS), eventId: n % DEVICE_EVENTS })
