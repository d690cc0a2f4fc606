import {
  COMMAND_BYTES,
  type CommandName,
  commands,
  encodeCommand,
  GICR,
  GICR_PENDBASER,
  GICR_PROPBASER,
  GITS,
  GITS_BASER,
  GITS_CBASER,
  GITS_TRANSLATER,
  L1E,
  L2_BYTES,
  L2_ENTRIES,
  type Operands,
  profiles,
  VIRT_ITS,
} from '@vits/core/abi'
import { Gic, Its, itsFrame, redistributorFrame, Translaters } from '@vits/core/its'
import { type Gpa, GuestMemory } from '@vits/core/memory'

const RAM = 0x4000_0000
/** Places in guest RAM. */
const L1 = RAM
const L2 = RAM + 0x1_0000
const COLLECTIONS = RAM + 0x9_0000
const QUEUE = RAM + 0x10_0000
const QUEUE_BYTES = 0x10_0000
const CONFIGURATION = RAM + 0x20_0000
const PENDING = RAM + 0x21_0000
const ITTS = RAM + 0x40_0000
const VCPUS = 4
const LPIS = 57344

export const TRANSLATER = VIRT_ITS + GITS_TRANSLATER

/** The VM of the benchmarks: 4 vCPUs, 4 collections, a two-level device table, `events` events at the end of each ITT. */
export class BenchVm {
  readonly its: Its
  readonly translaters = new Translaters()
  /** Time spent in writes of GITS_CWRITER since the queue was restarted, and commands executed by them. */
  queueNs = 0
  commands = 0
  readonly #devices: number
  readonly #events: number
  readonly #bits: number
  readonly #words: Int32Array
  readonly #gic: Gic
  #cwriter = 0

  constructor(devices: number, events: number) {
    this.#devices = devices
    this.#events = events
    this.#bits = Math.max(1, Math.ceil(Math.log2(events)))
    const bytes = Math.ceil((ITTS - RAM + devices * this.#ittBytes) / 0x1_0000) * 0x1_0000
    const memory = new GuestMemory([{ base: RAM as Gpa, bytes }])
    // Written once, so that the pages are there and not the one shared page of zeros.
    memory.fill(RAM as Gpa, bytes, 1)
    memory.fill(RAM as Gpa, bytes, 0)
    memory.fill(CONFIGURATION as Gpa, 0x1_0000, 0xa1)
    const cursor = memory.writeCursor()
    cursor.seekForWrite(RAM as Gpa)
    this.#words = cursor.words
    this.#gic = new Gic({ memory, quirks: profiles['linux-7.3'].quirks, vcpuIds: Array.from({ length: VCPUS }, (_, n) => n) })
    this.#gic.lpis.delivering = true
    this.its = new Its(this.#gic)
    this.translaters.add(VIRT_ITS, this.its)
    for (let page = 0; page < Math.ceil(devices / L2_ENTRIES); page++) {
      const { lo, hi } = L1E.encode({ valid: true, l2Addr: L2 + page * L2_BYTES })
      memory.setWord((L1 + page * 8) as Gpa, lo, hi)
    }
    for (let vcpu = 0; vcpu < VCPUS; vcpu++) {
      const port = { gic: this.#gic, vcpu }
      redistributorFrame.write(port, GICR.PROPBASER, 8, GICR_PROPBASER.pack({ address: CONFIGURATION, idBits: 15 }))
      redistributorFrame.write(port, GICR.PENDBASER, 8, GICR_PENDBASER.pack({ address: PENDING + vcpu * 0x1_0000 }))
      redistributorFrame.write(port, GICR.CTLR, 4, 1n)
    }
  }

  /** Nothing is mapped any more; the registers are set again and the collections mapped. */
  reset(): void {
    this.its.reset()
    for (let vcpu = 0; vcpu < VCPUS; vcpu++) this.#gic.lpis.flush(vcpu, this.#gic.quirks)
    itsFrame.write(this.its, GITS.CBASER, 8, GITS_CBASER.pack({ valid: true, address: QUEUE, pages: QUEUE_BYTES / 4096 - 1 }))
    itsFrame.write(this.its, GITS.BASER0, 8, GITS_BASER.pack({ valid: true, indirect: true, addressLow: L1 }))
    itsFrame.write(this.its, GITS.BASER1, 8, GITS_BASER.pack({ valid: true, addressLow: COLLECTIONS }))
    itsFrame.write(this.its, GITS.CTLR, 4, 1n)
    this.#cwriter = 0
    for (let vcpu = 0; vcpu < VCPUS; vcpu++) this.#queue('MAPC', { icid: vcpu, rdBase: vcpu, valid: true })
    this.ring()
    this.restartQueue()
  }

  restartQueue(): void {
    this.queueNs = 0
    this.commands = 0
  }

  /** Maps every device and event through the queue. */
  populate(): void {
    const first = 2 ** this.#bits - this.#events
    for (let deviceId = 0, n = 0; deviceId < this.#devices; deviceId++) {
      this.#put(commands.MAPD.opcode, deviceId, this.#bits - 1, 0, ITTS + deviceId * this.#ittBytes, 0x8000_0000)
      for (let event = 0; event < this.#events; event++, n++) this.#mapti(deviceId, first + event, 8192 + (n % LPIS), n % VCPUS)
    }
    this.ring()
  }

  movi(deviceId: number, eventId: number, icid: number): void {
    this.#put(commands.MOVI.opcode, deviceId, eventId, 0, icid, 0)
  }

  /** Writes GITS_CWRITER: what was queued runs. */
  ring(): void {
    const start = process.hrtime.bigint()
    itsFrame.write(this.its, GITS.CWRITER, 8, BigInt(this.#cwriter))
    this.queueNs += Number(process.hrtime.bigint() - start)
  }

  /** `count` mapped events, drawn at random: DeviceID << 16 | EventID. Always the same ones. */
  randomKeys(count: number): Int32Array {
    let state = 12345
    const random = () => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return state >>> 0
    }
    const first = 2 ** this.#bits - this.#events
    return Int32Array.from({ length: count }, () => {
      const n = random() % (this.#devices * this.#events)
      return (Math.floor(n / this.#events) << 16) | (first + (n % this.#events))
    })
  }

  get #ittBytes(): number {
    return Math.max(256, 8 * 2 ** this.#bits)
  }

  #mapti(deviceId: number, eventId: number, pintid: number, icid: number): void {
    this.#put(commands.MAPTI.opcode, deviceId, eventId, pintid, icid, 0)
  }

  #queue<N extends CommandName>(name: N, args: Partial<Operands<N>>): void {
    const [w0, w1, w2, w3, w4, w5] = encodeCommand(name, args)
    this.#put(w0!, w1!, w2!, w3!, w4!, w5!)
  }

  /** A guest's store of one command; a full queue is rung first. */
  #put(w0: number, w1: number, w2: number, w3: number, w4: number, w5: number): void {
    const at = (QUEUE - RAM + this.#cwriter) / 4
    const words = this.#words
    words[at] = w0
    words[at + 1] = w1
    words[at + 2] = w2
    words[at + 3] = w3
    words[at + 4] = w4
    words[at + 5] = w5
    words[at + 6] = 0
    words[at + 7] = 0
    this.commands++
    this.#cwriter = (this.#cwriter + COMMAND_BYTES) % QUEUE_BYTES
    if ((this.#cwriter + COMMAND_BYTES) % QUEUE_BYTES === this.its.creadr) this.ring()
  }
}
