import {
  type CommandName,
  encodeCommand,
  FIRST_LPI,
  GICR_VIRTUAL,
  GICR_VPENDBASER_V41,
  GICR_VPROPBASER_V41,
  GITS,
  GITS_BASER,
  type Operands,
} from '../../abi/index.ts'
import { type Gpa, GuestMemory } from '../../memory/index.ts'
import { GicHardware, type HardwareShape } from '../index.ts'

const VPE_TABLE = 0x10000
const LPI_CONFIG_TABLE = 0x20000
const VCONF = 0x40000
const VPTS = 0x100000

/** A host with its tables laid out, spoken to in commands and registers only. */
export class Board {
  readonly memory = new GuestMemory([{ base: 0 as Gpa, bytes: 0x400000, backing: 'sparse' }])
  readonly hardware: GicHardware
  /** Physical LPIs that reached the host: `[pintid, rdBase]`. */
  readonly hostLpis: [number, number][] = []

  constructor(shape: Partial<HardwareShape> = {}) {
    const lpiConfigAddr = LPI_CONFIG_TABLE as Gpa
    this.hardware = new GicHardware({ version: 'GICv4.1', memory: this.memory, redistributors: 4, lpiConfigAddr, ...shape })
    this.hardware.lpis.onLpi = (pintid, rdBase) => this.hostLpis.push([pintid, rdBase])
    this.memory.fill(lpiConfigAddr, 0x2000, 0xa1)
    this.memory.fill(VCONF as Gpa, 0xe000, 0xa1)
    const table = GICR_VPROPBASER_V41.pack({ valid: true, address: VPE_TABLE, size: 0, pageSize: 0, entrySize: 2 })
    if (this.hardware.version === 'GICv4.1') {
      for (const { rdBase } of this.hardware.redistributors) this.setRegister(rdBase, GICR_VIRTUAL.VPROPBASER, table)
    } else {
      const baser = GITS_BASER.pack({ valid: true, addressLow: VPE_TABLE, type: 2, entrySize: 7, pageSize: 2 })
      for (const its of this.hardware.itses) its.write(GITS.BASER0 + 16, baser)
    }
  }

  /** Sends a command to an ITS; false when it was refused. */
  send<N extends CommandName>(name: N, args: Partial<Operands<N>>, its = 0): boolean {
    return this.hardware.itses[its]!.execute(encodeCommand(name, args))
  }

  vptAddr(vpeid: number): Gpa {
    return (VPTS + vpeid * 0x10000) as Gpa
  }

  map(vpeid: number, more: Partial<Operands<'VMAPP'>> = {}, its = 0): boolean {
    const where = { vpeid, vptAddr: this.vptAddr(vpeid), vptSize: 15, vconfAddr: VCONF }
    return this.send('VMAPP', { ...where, valid: true, alloc: true, defaultDoorbell: 8200 + vpeid, ...more }, its)
  }

  unmap(vpeid: number, more: Partial<Operands<'VMAPP'>> = {}, its = 0): boolean {
    return this.send('VMAPP', { vpeid, valid: false, alloc: true, ...more }, its)
  }

  /** Maps device 1 with 10 EventID bits, and an event of it to a vLPI. */
  mapEvent(eventId: number, vpeid: number, vintid: number, doorbell = 1023, its = 0): boolean {
    if (!this.hardware.itses[its]!.devices.has(1)) this.send('MAPD', { deviceId: 1, size: 9, ittAddr: 0, valid: true }, its)
    return this.send('VMAPTI', { deviceId: 1, eventId, vpeid, vintid, doorbell }, its)
  }

  /** The configuration byte of a vLPI in memory; the hardware may have read it already. */
  configure(vintid: number, byte: number): void {
    this.memory.setU8((VCONF + vintid - FIRST_LPI) as Gpa, byte)
  }

  configureLpi(pintid: number, byte: number): void {
    this.memory.setU8((LPI_CONFIG_TABLE + pintid - FIRST_LPI) as Gpa, byte)
  }

  /** The bit that the table in memory holds, true or stale. */
  bitInMemory(vpeid: number, vintid: number): boolean {
    return ((this.memory.u8((this.vptAddr(vpeid) + (vintid >>> 3)) as Gpa) >>> (vintid & 7)) & 1) === 1
  }

  setRegister(rdBase: number, offset: number, value: bigint): void {
    this.hardware.redistributors[rdBase]!.write(offset, value)
  }

  register(rdBase: number, offset: number): bigint {
    return this.hardware.redistributors[rdBase]!.read(offset)
  }

  /** GICv4.1: writes GICR_VPENDBASER and waits until Dirty is 0. */
  pendbaser(
    rdBase: number,
    fields: Parameters<typeof GICR_VPENDBASER_V41.pack>[0],
  ): ReturnType<typeof GICR_VPENDBASER_V41.unpack> {
    this.setRegister(rdBase, GICR_VIRTUAL.VPENDBASER, GICR_VPENDBASER_V41.pack(fields))
    for (;;) {
      const read = GICR_VPENDBASER_V41.unpack(this.register(rdBase, GICR_VIRTUAL.VPENDBASER))
      if (!read.dirty) return read
    }
  }

  enter(rdBase: number, vpeid: number): void {
    this.pendbaser(rdBase, { valid: true, vpeid, vgrp1En: true })
  }

  /** What the virtual CPU interface of this processor takes, in order, until nothing is left. */
  takeAll(rdBase: number): number[] {
    const taken: number[] = []
    for (let vintid = 0; vintid !== 1023; ) {
      vintid = this.hardware.redistributors[rdBase]!.acknowledge()
      if (vintid !== 1023) taken.push(vintid)
    }
    return taken
  }
}
