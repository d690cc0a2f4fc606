import {
  COMMAND_BYTES,
  type CommandName,
  encodeCommand,
  GICR,
  GICR_PENDBASER,
  GICR_PROPBASER,
  GITS,
  GITS_BASER,
  GITS_CBASER,
  GITS_TRANSLATER,
  KVM_MSI_VALID_DEVID,
  L1E,
  L2_BYTES,
  L2_ENTRIES,
  type Operands,
  type ProfileId,
  profiles,
  VIRT_ITS,
} from '../../abi/index.ts'
import { Gic, Its, itsFrame, redistributorFrame, Translaters } from '../../its/index.ts'
import { type Gpa, GuestMemory } from '../../memory/index.ts'
import { EntryClearer } from '../../tables/index.ts'

const RAM = 0x4000_0000
const TABLE_BYTES = 0x10000
const DEVICE_TABLE = RAM
const COLLECTION_TABLE = RAM + TABLE_BYTES
const QUEUE = RAM + 2 * TABLE_BYTES
const CONFIGURATION = RAM + 3 * TABLE_BYTES
const PENDING = RAM + 4 * TABLE_BYTES
const L2_PAGES = RAM + 8 * TABLE_BYTES
const ITTS = RAM + 16 * TABLE_BYTES

/** Events of each device: an ITT of 64 KiB. */
export const EVENTS = 8192
const EVENT_BITS = 13

/**
 * The guest of the ITS tables selftest that was posted with the dummy head: one vCPU, a two-level device table, 8192 devices to a
 * second-level page, 64 KiB of ITT for each.
 *
 * @source J. Zhang, "KVM: selftests: aarch64: Test VGIC ITS tables save/restore", 5 Nov 2024, patch 1/4
 */
export class SeedGuest {
  readonly memory: GuestMemory
  readonly its: Its
  readonly devices: number
  readonly #gic: Gic
  readonly #translaters = new Translaters()
  readonly #l2Tables: number
  #offset = 0
  #unread = 0

  constructor(kernel: ProfileId, l2Tables: number) {
    this.#l2Tables = l2Tables
    this.devices = l2Tables * L2_ENTRIES
    const bytes = ITTS - RAM + this.devices * TABLE_BYTES
    this.memory = new GuestMemory([{ base: RAM as Gpa, bytes, backing: 'sparse' }])
    this.memory.fill(CONFIGURATION as Gpa, TABLE_BYTES, 0xa1)
    for (let page = 0; page < l2Tables; page++) {
      const { lo, hi } = L1E.encode({ l2Addr: L2_PAGES + page * L2_BYTES, valid: true })
      this.memory.setWord((DEVICE_TABLE + page * 8) as Gpa, lo, hi)
    }
    this.#gic = new Gic({ memory: this.memory, quirks: profiles[kernel].quirks, vcpuIds: [0] })
    this.its = new Its(this.#gic)
    this.#translaters.add(VIRT_ITS, this.its)
    const port = { gic: this.#gic, vcpu: 0 }
    redistributorFrame.write(port, GICR.PROPBASER, 8, GICR_PROPBASER.pack({ address: CONFIGURATION, idBits: 15 }))
    redistributorFrame.write(port, GICR.PENDBASER, 8, GICR_PENDBASER.pack({ address: PENDING, ptz: true }))
    redistributorFrame.write(port, GICR.CTLR, 4, 1n)
    this.enable()
  }

  /** What a booting guest does: programs the queue and the tables, and enables the ITS. */
  enable(): void {
    const { its } = this
    itsFrame.write(its, GITS.CBASER, 8, GITS_CBASER.pack({ valid: true, address: QUEUE, pages: TABLE_BYTES / 4096 - 1 }))
    itsFrame.write(its, GITS.BASER0, 8, GITS_BASER.pack({ valid: true, indirect: true, addressLow: DEVICE_TABLE }))
    itsFrame.write(its, GITS.BASER1, 8, GITS_BASER.pack({ valid: true, addressLow: COLLECTION_TABLE }))
    itsFrame.write(its, GITS.CTLR, 4, 1n)
    this.#offset = this.#unread = 0
  }

  /** Puts a command into the queue, which runs when it is full or `sync` is called. */
  send<N extends CommandName>(name: N, args: Partial<Operands<N>>): void {
    this.memory.write((QUEUE + this.#offset) as Gpa, new Uint8Array(encodeCommand(name, args).buffer))
    this.#offset = (this.#offset + COMMAND_BYTES) % TABLE_BYTES
    if (++this.#unread === TABLE_BYTES / COMMAND_BYTES - 1) this.sync()
  }

  sync(): void {
    itsFrame.write(this.its, GITS.CWRITER, 8, BigInt(this.#offset))
    this.#unread = 0
  }

  mapDevice(deviceId: number): void {
    this.send('MAPD', { deviceId, size: EVENT_BITS - 1, ittAddr: ITTS + deviceId * TABLE_BYTES, valid: true })
  }

  /** What the selftest's -c does before each case: memset 0 over the second-level pages, the collection table and every ITT. */
  clearTables(): void {
    const clearer = new EntryClearer(this.memory)
    clearer.clear(L2_PAGES, this.#l2Tables * L2_ENTRIES)
    clearer.clear(COLLECTION_TABLE, TABLE_BYTES / 8)
    clearer.clear(ITTS, this.devices * EVENTS)
  }

  /** KVM_SIGNAL_MSI: 1 delivered, 0 not mapped, or a negative errno. */
  signal(deviceId: number, eventId: number): number {
    return this.#translaters.signal(VIRT_ITS + GITS_TRANSLATER, deviceId, eventId, KVM_MSI_VALID_DEVID)
  }
}
