import {
  COMMAND_BYTES,
  type CommandName,
  KVM_DEV_ARM_CTRL as CTRL,
  encodeCommand,
  FIRST_LPI,
  GICD,
  GICD_CTLR,
  GICR_CTLR,
  GICR_PENDBASER,
  GICR_PROPBASER,
  GITS,
  GITS_BASER,
  GITS_CBASER,
  GITS_TRANSLATER,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  KVM_MSI_VALID_DEVID,
  KVM_VGIC_ADDR_TYPE,
  type Operands,
  type ProfileId,
  VIRT_ITS,
} from '../../abi/index.ts'
import { CpuInterface, distributorFrame, itsFrame, type Msi, SPURIOUS } from '../../its/index.ts'
import { GicHost, type HostIrq, type HostShape, type KvmDevice, type KvmGic, type KvmIts, KvmVm } from '../../kvm/index.ts'
import { type Gpa, GuestMemory, KvmError, type Outcome } from '../../memory/index.ts'
import { lpiRegisterAttrs, type SavedRegister, saveRegisters } from './saved-gic.ts'

const RAM = 0x4000_0000 as Gpa
const RAM_BYTES = 0x1000_0000
const CONFIGURATION = RAM + 0x1_0000
const DEVICE_TABLE = RAM + 0x10_0000
const COLLECTION_TABLE = RAM + 0x20_0000
const QUEUE = RAM + 0x30_0000
const QUEUE_PAGES = 16
const PENDING = RAM + 0x100_0000
const ITTS = RAM + 0x800_0000
const GICD_BASE = 0x800_0000n
const GICR_BASE = 0x80a_0000n
const ITT_ALIGN = 256
const VECTORS = 512
const CONFIG_ENABLED = 0xa1

/** One interrupt: number `n` of the VM is EventID n % vectors of DeviceID n / vectors, and LPI 8192 + n. */
export interface AssignedEvent {
  readonly vcpu: number
  /** Its device is passed through; otherwise it is emulated, and its MSIs come by KVM_SIGNAL_MSI. */
  readonly direct: boolean
}

/** What a VMM keeps of a VM: RAM, and the registers in the order in which they go back. */
export interface SavedVm {
  readonly memory: GuestMemory
  readonly registers: readonly SavedRegister[]
}

/** What the guest took. */
export interface Taken {
  /** Numbers of interrupts. */
  readonly events: ReadonlySet<number>
  /** See `sgiOf`. */
  readonly sgis: ReadonlySet<string>
}

export interface AssignedVmShape {
  /** The host has a processor for each vCPU, unless it says otherwise. */
  readonly host: HostShape
  readonly vcpus: number
  readonly events: readonly AssignedEvent[]
  readonly kernel: ProfileId
  /** MSI-X vectors of each device, a power of two; the devices take turns at the ITSes of the host. Default 512. */
  readonly vectors?: number
  /** The guest asks for SGIs without active state: GICv4.1 delivers them. Default: software does. */
  readonly directSgis?: boolean
  /** A VM that was saved; otherwise a guest boots and maps all events. */
  readonly saved?: SavedVm
}

/** A VM with passed-through devices on a host of its own, driven as a VMM and a guest drive it: ioctls, registers, commands. */
export class AssignedVm {
  readonly vm: KvmVm
  readonly gic: KvmGic
  readonly its: KvmIts
  readonly host: GicHost
  readonly irqs: readonly HostIrq[]
  readonly #events: readonly AssignedEvent[]
  readonly #vectors: number

  constructor({ host, vcpus, events, kernel, vectors = VECTORS, directSgis = false, saved }: AssignedVmShape) {
    this.#events = events
    this.#vectors = vectors
    this.host = new GicHost({ processors: vcpus, ...host })
    this.vm = new KvmVm({ kernel, host: this.host, memory: saved?.memory ?? new GuestMemory() })
    this.vm.setMemory(0, RAM, RAM_BYTES, 'sparse')
    for (let vcpu = 0; vcpu < vcpus; vcpu++) this.vm.createVcpu()
    this.gic = this.vm.createGic()
    this.its = this.vm.createIts()
    set(this.gic, GRP.ADDR, BigInt(KVM_VGIC_ADDR_TYPE.V3_DIST), GICD_BASE)
    set(this.gic, GRP.ADDR, BigInt(KVM_VGIC_ADDR_TYPE.V3_REDIST), GICR_BASE)
    set(this.its, GRP.ADDR, BigInt(KVM_VGIC_ADDR_TYPE.ITS), BigInt(VIRT_ITS))
    set(this.gic, GRP.CTRL, BigInt(CTRL.VGIC_CTRL_INIT), 0n)
    this.irqs = this.#addDevices()
    for (const [n, { irq }] of this.irqs.entries()) if (events[n]!.direct) this.vm.assigned!.route(irq, this.msiOf(n))
    if (saved === undefined) this.#boot(directSgis)
    else this.#restore(saved)
  }

  /** Hands the interrupts of passed-through devices to hardware. */
  forward(): void {
    for (const [n, { direct }] of this.#events.entries()) if (direct) this.vm.assigned!.bypass(this.irqs[n]!.irq)
  }

  /** The device of interrupt `n` sends its MSI. @returns false when the hardware lost it. */
  msi(n: number): boolean {
    if (this.#events[n]!.direct) return this.host.msi(this.irqs[n]!.irq)
    return this.vm.signalMsi(this.msiOf(n)) === 1
  }

  /** A vCPU of the guest sends an SGI (ICC_SGI1R_EL1). */
  sendSgi(vcpu: number, sgi: number): void {
    this.vm.gic.redistributors[vcpu]!.privates.raise(1 << sgi)
  }

  /** The guest queues commands, and the ITS executes them. */
  command<N extends CommandName>(name: N, args: Partial<Operands<N>>): void {
    const { its } = this.its
    const { base, bytes } = its.queue
    this.vm.memory.write((base + its.cwriter) as Gpa, new Uint8Array(encodeCommand(name, args).buffer))
    itsFrame.write(its, GITS.CWRITER, 8, BigInt((its.cwriter + COMMAND_BYTES) % bytes))
  }

  /** Every vCPU runs in turn, on a processor that `place` names, and takes all its interrupts. */
  run(place: (vcpu: number) => number): Taken {
    const taken = { events: new Set<number>(), sgis: new Set<string>() }
    for (const { index } of this.vm.vcpus) {
      this.vm.loadVcpu(index, place(index))
      for (let intid = this.#takeIntid(index); intid !== SPURIOUS; intid = this.#takeIntid(index)) {
        if (intid < FIRST_LPI) taken.sgis.add(sgiOf(index, intid))
        else taken.events.add(intid - FIRST_LPI)
      }
      this.vm.putVcpu(index)
    }
    return taken
  }

  /** A loaded vCPU takes one LPI, from hardware or from software: its number, or undefined when there is none. */
  take(vcpu: number): number | undefined {
    const intid = this.#takeIntid(vcpu)
    return intid === SPURIOUS ? undefined : intid - FIRST_LPI
  }

  /** KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES. */
  savePending(): Outcome<number> {
    return this.gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_SAVE_PENDING_TABLES))
  }

  /** What user space reads of the GIC and the ITS. */
  registers(): SavedRegister[] {
    return saveRegisters(
      this,
      this.vm.vcpus.map(({ id }) => id),
    )
  }

  /**
   * KVM_DEV_ARM_ITS_SAVE_TABLES, and a copy of RAM and registers.
   *
   * @param registers default: as they are after the tables were saved.
   */
  save(registers?: readonly SavedRegister[]): Outcome<SavedVm> {
    const saved = this.its.setAttr(GRP.CTRL, BigInt(CTRL.ITS_SAVE_TABLES))
    if (!saved.ok) return saved
    return { ok: true, value: { memory: this.vm.memory.fork(), registers: registers ?? this.registers() } }
  }

  /** The MSI of interrupt `n`. */
  msiOf(n: number): Msi {
    const where = { address: VIRT_ITS + GITS_TRANSLATER, flags: KVM_MSI_VALID_DEVID }
    return { ...where, deviceId: Math.floor(n / this.#vectors), eventId: n % this.#vectors }
  }

  #takeIntid(vcpu: number): number {
    const intid = this.vm.direct!.acknowledge(vcpu)
    if (intid !== SPURIOUS) return intid
    const cpu = new CpuInterface(this.vm.gic, vcpu)
    cpu.group1 = true
    cpu.priorityMask = 0xff
    const taken = cpu.acknowledge()
    if (taken !== SPURIOUS) cpu.complete()
    return taken
  }

  #addDevices(): HostIrq[] {
    const { itses } = this.host.hardware
    const devices = Math.ceil(this.#events.length / this.#vectors)
    return Array.from({ length: devices }, (_, deviceId) => {
      const left = this.#events.length - deviceId * this.#vectors
      return this.host.addDevice(deviceId, Math.min(this.#vectors, left), itses[deviceId % itses.length])
    }).flat()
  }

  #restore({ registers }: SavedVm): void {
    for (const [n, { device, group, attr, value }] of registers.entries()) {
      if (n === registers.length - 1) set(this.its, GRP.CTRL, BigInt(CTRL.ITS_RESTORE_TABLES), 0n)
      set(this[device], group, attr, value)
    }
  }

  /** What a guest does at boot, as far as LPIs and SGIs go. */
  #boot(nassgiReq: boolean): void {
    this.vm.memory.fill(CONFIGURATION as Gpa, 0x10000 - FIRST_LPI, CONFIG_ENABLED)
    const propbaser = GICR_PROPBASER.pack({ address: CONFIGURATION, idBits: 15 })
    for (const { index, id } of this.vm.vcpus) {
      const pendbaser = GICR_PENDBASER.pack({ address: PENDING + index * 0x10000, ptz: true })
      const values = [...halvesOf(propbaser), ...halvesOf(pendbaser), GICR_CTLR.pack({ enableLpis: true })]
      for (const [n, attr] of lpiRegisterAttrs(id).entries()) set(this.gic, GRP.REDIST_REGS, attr, values[n]!)
    }
    distributorFrame.write(this.vm.gic, GICD.CTLR, 4, GICD_CTLR.pack({ enableGrp1: true, nassgiReq }))
    const its = (offset: number, value: bigint) => itsFrame.write(this.its.its, offset, 8, value)
    its(GITS.CBASER, GITS_CBASER.pack({ valid: true, address: QUEUE, pages: QUEUE_PAGES - 1 }))
    its(GITS.BASER0, GITS_BASER.pack({ valid: true, addressLow: DEVICE_TABLE, pages: 7 }))
    its(GITS.BASER1, GITS_BASER.pack({ valid: true, addressLow: COLLECTION_TABLE, pages: 0 }))
    itsFrame.write(this.its.its, GITS.CTLR, 4, 1n)
    this.#map()
  }

  #map(): void {
    for (const { index, id } of this.vm.vcpus) this.command('MAPC', { icid: index, rdBase: id, valid: true })
    for (const [n, { vcpu }] of this.#events.entries()) {
      const { deviceId, eventId } = this.msiOf(n)
      const ittAddr = ITTS + deviceId * Math.max(ITT_ALIGN, this.#vectors * 8)
      if (eventId === 0) this.command('MAPD', { deviceId, size: Math.log2(this.#vectors) - 1, ittAddr, valid: true })
      this.command('MAPTI', { deviceId, eventId, pintid: FIRST_LPI + n, icid: vcpu })
    }
  }
}

const halvesOf = (value: bigint) => [value & 0xffffffffn, value >> 32n]

/** How `Taken` names an SGI of a vCPU. */
export const sgiOf = (vcpu: number, sgi: number): string => `${vcpu}:${sgi}`

function set(device: KvmDevice, group: number, attr: bigint, value: bigint): void {
  const outcome = device.setAttr(group, attr, value)
  if (!outcome.ok) throw new KvmError(outcome.errno, outcome.reason, outcome.where)
}
