import {
  COMMAND_BYTES,
  type CommandName,
  KVM_DEV_ARM_CTRL as CTRL,
  encodeCommand,
  GICR,
  GICR_PENDBASER,
  GICR_PROPBASER,
  GITS,
  GITS_BASER,
  GITS_CBASER,
  GITS_TRANSLATER,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  KVM_MSI_VALID_DEVID,
  KVM_VGIC_ADDR_TYPE,
  L1E,
  L2_BYTES,
  L2_ENTRIES,
  type Operands,
  type ProfileId,
  profileWithId,
  type Quirks,
  VIRT_ITS,
} from '../../abi/index.ts'
import { type Its, itsFrame, redistributorFrame } from '../../its/index.ts'
import { type KvmIts, KvmVm } from '../../kvm/index.ts'
import type { Gpa, GuestMemory, Outcome } from '../../memory/index.ts'
import { EntryClearer } from '../../tables/index.ts'

const RAM = 0x4000_0000
const TABLE_BYTES = 0x10000

/** Events of each device that have room in the 64 KiB of its own ITT. */
export const EVENTS = 8192
/**
 * What MAPD gives each device, by its size field of 15: an ITT of 512 KiB, which shares all but its first 64 KiB with the ITTs of the
 * next seven devices. The posted program takes the logarithm of the bytes for that of the events.
 */
const EVENT_BITS = 16

interface SeedGuestOptions {
  readonly kernel: ProfileId
  /** Its quirks, where they are not to be those of its profile. */
  readonly quirks?: Quirks
  /** Second-level tables of 8192 devices, 1 to 7. */
  readonly l2Tables: number
}

/**
 * The VM of the ITS tables selftest that was posted with the dummy head, at KVM's system call boundary, and the guest in it: one vCPU,
 * a two-level device table, 8192 devices to a second-level page, and its tables one after the other as the program allocates them.
 *
 * @source J. Zhang, "KVM: selftests: aarch64: Test VGIC ITS tables save/restore", 5 Nov 2024, patch 1/4
 */
export class SeedGuest {
  readonly vm: KvmVm
  readonly device: KvmIts
  readonly devices: number
  readonly #l2Pages = RAM
  readonly #deviceTable: number
  readonly #collectionTable: number
  readonly #itts: number
  readonly #queue: number
  #offset = 0
  #unread = 0

  constructor({ kernel, quirks = profileWithId(kernel).quirks, l2Tables }: SeedGuestOptions) {
    this.devices = l2Tables * L2_ENTRIES
    this.#deviceTable = this.#l2Pages + l2Tables * L2_BYTES
    this.#collectionTable = this.#deviceTable + TABLE_BYTES
    this.#itts = this.#collectionTable + TABLE_BYTES
    const configuration = this.#itts + this.devices * TABLE_BYTES
    const pending = configuration + TABLE_BYTES
    this.#queue = pending + TABLE_BYTES
    this.vm = new KvmVm({ kernel, quirks })
    this.vm.setMemory(1, RAM as Gpa, this.#queue + TABLE_BYTES - RAM, 'sparse')
    this.vm.createVcpu()
    this.vm.createGic().setAttr(GRP.CTRL, BigInt(CTRL.VGIC_CTRL_INIT))
    this.device = this.vm.createIts()
    this.device.setAttr(GRP.ADDR, BigInt(KVM_VGIC_ADDR_TYPE.ITS), BigInt(VIRT_ITS))
    for (let page = 0; page < l2Tables; page++) {
      const { lo, hi } = L1E.encode({ l2Addr: this.#l2Pages + page * L2_BYTES, valid: true })
      this.memory.setWord((this.#deviceTable + page * 8) as Gpa, lo, hi)
    }
    const port = { gic: this.vm.gic, vcpu: 0 }
    redistributorFrame.write(port, GICR.PROPBASER, 8, GICR_PROPBASER.pack({ address: configuration, idBits: 15 }))
    redistributorFrame.write(port, GICR.PENDBASER, 8, GICR_PENDBASER.pack({ address: pending }))
    redistributorFrame.write(port, GICR.CTLR, 4, 1n)
    this.enable()
  }

  get memory(): GuestMemory {
    return this.vm.memory
  }

  get its(): Its {
    return this.device.its
  }

  /** What a booting guest does: programs the tables and the queue, and enables the ITS. */
  enable(): void {
    const { its } = this
    itsFrame.write(its, GITS.BASER1, 8, GITS_BASER.pack({ valid: true, addressLow: this.#collectionTable }))
    itsFrame.write(its, GITS.BASER0, 8, GITS_BASER.pack({ valid: true, indirect: true, addressLow: this.#deviceTable }))
    itsFrame.write(its, GITS.CBASER, 8, GITS_CBASER.pack({ valid: true, address: this.#queue, pages: TABLE_BYTES / 4096 - 1 }))
    itsFrame.write(its, GITS.CTLR, 4, 1n)
    this.#offset = this.#unread = 0
  }

  /** Puts a command into the queue, which runs when it is full or `sync` is called. */
  send<N extends CommandName>(name: N, args: Partial<Operands<N>>): void {
    this.memory.write((this.#queue + this.#offset) as Gpa, new Uint8Array(encodeCommand(name, args).buffer))
    this.#offset = (this.#offset + COMMAND_BYTES) % TABLE_BYTES
    if (++this.#unread === TABLE_BYTES / COMMAND_BYTES - 1) this.sync()
  }

  sync(): void {
    itsFrame.write(this.its, GITS.CWRITER, 8, BigInt(this.#offset))
    this.#unread = 0
  }

  /** MAPD, with V=1 or V=0. */
  mapDevice(deviceId: number, valid = true): void {
    this.send('MAPD', { deviceId, size: EVENT_BITS - 1, ittAddr: this.#itts + deviceId * TABLE_BYTES, valid })
  }

  /** Writes 0 over the second-level pages, the collection table and every ITT. */
  clearTables(): void {
    const clearer = new EntryClearer(this.memory)
    clearer.clear(this.#l2Pages, this.devices)
    clearer.clear(this.#collectionTable, TABLE_BYTES / 8)
    clearer.clear(this.#itts, this.devices * EVENTS)
  }

  /** KVM_SET_DEVICE_ATTR of the ITS device's CTRL group, without a value: save, restore or reset. */
  control(attr: number): Outcome<number> {
    return this.device.setAttr(GRP.CTRL, BigInt(attr))
  }

  /** KVM_SIGNAL_MSI: 1 delivered, 0 not mapped, or a negative errno. */
  signal(deviceId: number, eventId: number): number {
    const address = VIRT_ITS + GITS_TRANSLATER
    return this.vm.signalMsi({ address, deviceId, eventId, flags: KVM_MSI_VALID_DEVID })
  }
}
