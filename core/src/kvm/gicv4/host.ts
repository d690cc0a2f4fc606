import {
  BASER_TYPE,
  type CommandName,
  encodeCommand,
  FIRST_LPI,
  GICR_VIRTUAL,
  GICR_VPROPBASER_V41,
  GITS,
  GITS_BASER,
  LPI_LIMIT,
  type Operands,
  VPE_ENTRY_BYTES,
} from '../../abi/index.ts'
import { GicHardware, type GicVersion, type PhysicalIts } from '../../gicv4/index.ts'
import { type Gpa, GuestMemory } from '../../memory/index.ts'

/** The machine that KVM runs on, as far as virtual LPIs go. */
export interface HostShape {
  readonly version: GicVersion
  /** Physical processors, each with a redistributor. Default 4. */
  readonly processors?: number
  /** Default 1. */
  readonly itses?: number
  /** GITS_TYPER.VMOVP: default true with one ITS, false with several. */
  readonly vmovp?: boolean
  /** Reads that show Dirty or Busy after a change; Infinity for hung hardware. Default 1. */
  readonly latency?: number
}

/** An interrupt of a device of the host, as its driver got it. */
export interface HostIrq {
  /** Linux's number of it; here the physical LPI. */
  readonly irq: number
  readonly its: PhysicalIts
  readonly deviceId: number
  readonly eventId: number
}

const HOST_BYTES = 2 ** 28
const VPE_TABLE_PAGES = 4
const LPI_CONFIG_ENABLED = 0xa1

/**
 * The host: its GIC, its memory, and the part of Linux's ITS driver that sets both up and gives out LPIs and vPEIDs.
 *
 * @source Linux drivers/irqchip/irq-gic-v3-its.c allocate_vpe_l1_table, its_alloc_tables, its_lpi_alloc, its_vpe_id_alloc
 */
export class GicHost {
  readonly hardware: GicHardware
  readonly memory = new GuestMemory([{ base: 0 as Gpa, bytes: HOST_BYTES, backing: 'sparse' }])
  readonly #lpiConfigAddr: Gpa
  readonly #irqs = new Map<number, HostIrq>()
  readonly #handlers = new Map<number, () => void>()
  #freeMemory = 0
  #freeLpi = FIRST_LPI
  #freeVpeid = 0
  #sequence = 0

  constructor({ version, processors = 4, itses = 1, vmovp, latency }: HostShape) {
    this.#lpiConfigAddr = this.allocate(LPI_LIMIT)
    const optional = { ...(vmovp === undefined ? {} : { vmovp }), ...(latency === undefined ? {} : { latency }) }
    const shape = { version, memory: this.memory, redistributors: processors, itses, lpiConfigAddr: this.#lpiConfigAddr }
    this.hardware = new GicHardware({ ...shape, ...optional })
    this.hardware.lpis.onLpi = (pintid) => this.#handlers.get(pintid)?.()
    this.#giveVpeTables()
    for (const its of this.hardware.itses) {
      for (let rdBase = 0; rdBase < processors; rdBase++) this.send(its, 'MAPC', { icid: rdBase, rdBase, valid: true })
    }
  }

  get v41(): boolean {
    return this.hardware.version === 'GICv4.1'
  }

  /** Zeroed host memory on 64 KiB boundaries. */
  allocate(bytes: number): Gpa {
    const at = this.#freeMemory as Gpa
    this.#freeMemory += Math.ceil(bytes / 0x10000) * 0x10000
    if (this.#freeMemory > HOST_BYTES) throw new RangeError(`the host has ${HOST_BYTES} bytes for tables`)
    return at
  }

  allocateVpeid(): number {
    return this.#freeVpeid++
  }

  /** The sequence number of the next VMOVP: one row for the whole host, 16 bits. */
  nextSequence(): number {
    this.#sequence = (this.#sequence + 1) & 0xffff
    return this.#sequence
  }

  /** A physical LPI for the doorbell of a vPE; it starts masked. */
  allocateDoorbell(ring: () => void): number {
    const pintid = this.#freeLpi++
    this.#handlers.set(pintid, ring)
    return pintid
  }

  /** request_irq: `handler` takes the device's interrupt while no guest takes it directly. @throws RangeError for an unknown one. */
  requestIrq(irq: number, handler: () => void): void {
    this.#handlers.set(this.irq(irq).irq, handler)
  }

  freeIrq(irq: number): void {
    this.#handlers.delete(irq)
  }

  /** Enables or disables an LPI in the configuration table; the hardware must be told to look (INV, INVDB, GICR_INVLPIR). */
  enableLpi(pintid: number, enable: boolean): void {
    this.memory.setU8((this.#lpiConfigAddr + pintid - FIRST_LPI) as Gpa, enable ? LPI_CONFIG_ENABLED : LPI_CONFIG_ENABLED & ~1)
  }

  /** A device of the host with `events` interrupts, each a physical LPI that goes to processor 0. */
  addDevice(deviceId: number, events: number, its: PhysicalIts = this.hardware.itses[0]!): readonly HostIrq[] {
    const size = Math.max(1, Math.ceil(Math.log2(events))) - 1
    this.send(its, 'MAPD', { deviceId, size, ittAddr: this.allocate(events * 8), valid: true })
    return Array.from({ length: events }, (_, eventId) => {
      const irq: HostIrq = { irq: this.#freeLpi++, its, deviceId, eventId }
      this.enableLpi(irq.irq, true)
      this.#irqs.set(irq.irq, irq)
      this.send(its, 'MAPTI', { deviceId, eventId, pintid: irq.irq, icid: 0 })
      return irq
    })
  }

  /** @throws RangeError for an interrupt no device has. */
  irq(irq: number): HostIrq {
    const known = this.#irqs.get(irq)
    if (known === undefined) throw new RangeError(`the host has no device interrupt ${irq}`)
    return known
  }

  /** The device sends its MSI. @returns false when the hardware lost it. */
  msi(irq: number): boolean {
    const { its, deviceId, eventId } = this.irq(irq)
    return its.msi(deviceId, eventId)
  }

  /** Sends a command to an ITS; false when it was refused (see the hardware's log). */
  send<N extends CommandName>(its: PhysicalIts, name: N, args: Partial<Operands<N>>): boolean {
    return its.execute(encodeCommand(name, args))
  }

  /** GICv4.1: one table for all redistributors (SVPET 1). GICv4.0: one for each ITS, GITS_BASER2. */
  #giveVpeTables(): void {
    const bytes = VPE_TABLE_PAGES * 0x10000
    if (this.v41) {
      const shape = { valid: true, zero: true, pageSize: 2, size: VPE_TABLE_PAGES - 1, entrySize: VPE_ENTRY_BYTES / 8 - 1 }
      const table = GICR_VPROPBASER_V41.pack({ ...shape, address: this.allocate(bytes) })
      for (const redistributor of this.hardware.redistributors) redistributor.write(GICR_VIRTUAL.VPROPBASER, table)
      return
    }
    for (const its of this.hardware.itses) {
      const shape = { valid: true, pageSize: 2, pages: VPE_TABLE_PAGES - 1, entrySize: 7, type: BASER_TYPE.vpes }
      its.write(GITS.BASER2, GITS_BASER.pack({ ...shape, addressLow: this.allocate(bytes) }))
    }
  }
}
