import { type CommandName, encodeCommand, GITS, LPI_CONFIG, type Operands, type QuirkName, quirkSet } from '../../abi/index.ts'
import { type Gpa, GuestMemory, gpa } from '../../memory/index.ts'
import {
  type CommandOutcome,
  type CommandReport,
  CpuInterface,
  Gic,
  Its,
  itsFrame,
  redistributorFrame,
  SPURIOUS,
  Translaters,
} from '../index.ts'

export const RAM = gpa(0x4000_0000)
const RAM_BYTES = 0x100_0000
const VALID = 1n << 63n
const INDIRECT = 1n << 62n

const at = (offset: number) => (RAM + offset) as Gpa
/** Where a test's guest puts its tables. */
export const PLACES = {
  queue: at(0x1_0000),
  configuration: at(0x2_0000),
  devices: at(0x10_0000),
  collections: at(0x18_0000),
  l2: at(0x20_0000),
  itts: at(0x40_0000),
  pending: (vcpu: number) => at(0x80_0000 + vcpu * 0x1_0000),
} as const

export const ITS_BASE = 0x808_0000
export const TRANSLATER = ITS_BASE + 0x1_0040
const QUEUE_BYTES = 0x1000

/** What a test's guest is made from. */
export interface GuestOptions {
  readonly vcpuIds?: readonly number[]
  readonly quirks?: readonly QuirkName[]
  readonly memory?: GuestMemory
  /** Two-level device table whose first L1 entries are valid, this many. */
  readonly l2Pages?: number
  /** False leaves LPIs, ITS and distributor disabled. */
  readonly enabled?: boolean
}

/** A guest with one ITS that programs it through registers and the command queue, as a driver would. */
export class Guest {
  readonly memory: GuestMemory
  readonly gic: Gic
  readonly its: Its
  readonly translaters = new Translaters()
  readonly cpus: readonly CpuInterface[]
  /** What became of every command so far. */
  readonly reports: CommandReport[] = []
  #cwriter = 0

  constructor({ vcpuIds = [0, 1], quirks = [], memory, l2Pages = 0, enabled = true }: GuestOptions = {}) {
    this.memory = memory ?? new GuestMemory([{ base: RAM, bytes: RAM_BYTES, backing: 'sparse' }])
    this.gic = new Gic({ memory: this.memory, quirks: quirkSet(quirks), vcpuIds })
    this.its = new Its(this.gic)
    this.its.listener = (report) => this.reports.push(report)
    this.translaters.add(ITS_BASE, this.its)
    this.cpus = vcpuIds.map((_id, index) => new CpuInterface(this.gic, index))
    for (const cpu of this.cpus) Object.assign(cpu, { group1: true, priorityMask: 0xff })
    for (let page = 0; page < l2Pages; page++)
      this.memory.setWord(at(0x10_0000 + page * 8), PLACES.l2 + page * 0x1_0000, 0x8000_0000)
    for (const vcpu of vcpuIds.keys()) {
      this.gicr(vcpu, 0x70, BigInt(PLACES.configuration) | 15n)
      this.gicr(vcpu, 0x78, BigInt(PLACES.pending(vcpu)))
    }
    this.write(GITS.CBASER, VALID | BigInt(PLACES.queue))
    this.write(GITS.BASER0, VALID | (l2Pages > 0 ? INDIRECT : 0n) | BigInt(PLACES.devices))
    this.write(GITS.BASER1, VALID | BigInt(PLACES.collections))
    if (enabled) this.enable()
  }

  /** Turns on LPIs everywhere, the distributor and the ITS. */
  enable(): void {
    for (const vcpu of this.cpus.keys()) redistributorFrame.write({ gic: this.gic, vcpu }, 0, 4, 1n)
    this.gic.lpis.delivering = true
    this.write(GITS.CTLR, 1n)
  }

  write(offset: number, value: bigint): void {
    itsFrame.write(this.its, offset, offset === GITS.CTLR ? 4 : 8, value)
  }

  read(offset: number): bigint {
    return itsFrame.read(this.its, offset, offset < GITS.TYPER ? 4 : 8)
  }

  /** A 64-bit write to a redistributor. */
  gicr(vcpu: number, offset: number, value: bigint): void {
    redistributorFrame.write({ gic: this.gic, vcpu }, offset, 8, value)
  }

  /** Queues one command, rings, and says what became of it. */
  run<N extends CommandName>(name: N, args: Partial<Operands<N>>): CommandOutcome {
    return this.runWords(encodeCommand(name, args))
  }

  runWords(words: Uint32Array): CommandOutcome {
    this.queue(words)
    this.ring()
    return this.reports.at(-1)!.outcome
  }

  /** Puts a command into the queue without ringing. */
  queue(words: Uint32Array): void {
    this.memory.write((PLACES.queue + this.#cwriter) as Gpa, new Uint8Array(words.buffer, words.byteOffset, 32))
    this.#cwriter = (this.#cwriter + 32) % QUEUE_BYTES
  }

  /** Goes on where a guest that was migrated here left its queue. */
  adoptQueue(): void {
    this.#cwriter = this.its.cwriter
  }

  ring(): void {
    this.write(GITS.CWRITER, BigInt(this.#cwriter))
  }

  /** MAPC of ICID n to the n-th vCPU, for all vCPUs. */
  mapCollections(): this {
    for (const [icid, { vcpuId }] of this.gic.redistributors.entries()) {
      this.run('MAPC', { icid, rdBase: vcpuId, valid: true })
    }
    return this
  }

  /** MAPD with an ITT of its own for each device number `n`, 2^bits events. */
  mapDevice(deviceId: number, bits = 5, n = deviceId): CommandOutcome {
    return this.run('MAPD', { deviceId, size: bits - 1, ittAddr: this.itt(n), valid: true })
  }

  itt(n: number): Gpa {
    return (PLACES.itts + (n % 64) * 0x1_0000) as Gpa
  }

  /** Writes the configuration byte of an LPI; nothing is told of it. */
  configure(intid: number, { enable = true, priority = 0xa0 } = {}): void {
    const { lo } = LPI_CONFIG.encode({ enable, priority })
    this.memory.setU8((PLACES.configuration + intid - 8192) as Gpa, lo)
  }

  configureAll(first: number, count: number): void {
    for (let intid = first; intid < first + count; intid++) this.configure(intid)
  }

  msi(deviceId: number, eventId: number): number {
    return this.translaters.signal(TRANSLATER, deviceId, eventId, 1)
  }

  /** What a vCPU takes and completes until nothing is left. */
  take(vcpu: number): number[] {
    const cpu = this.cpus[vcpu]!
    const intids: number[] = []
    for (let intid = cpu.acknowledge(); intid !== SPURIOUS; intid = cpu.acknowledge()) {
      intids.push(intid)
      cpu.complete()
    }
    return intids
  }

  /** The 64-bit word at an address, as hex digits. */
  word(address: number): string {
    const [lo, hi] = [this.memory.u32(address as Gpa), this.memory.u32((address + 4) as Gpa)]
    return hi.toString(16).padStart(8, '0') + lo.toString(16).padStart(8, '0')
  }
}
