import {
  COMMAND_BYTES,
  type CommandName,
  CTE,
  DTE,
  DTE_NEXT_CAP,
  ENTRY_BYTES,
  encodeCommand,
  FIRST_LPI,
  GICR_CTLR,
  GICR_PENDBASER,
  GICR_PROPBASER,
  GITS_BASER,
  GITS_CBASER,
  GITS_CTLR,
  type GicRegisters,
  ITE,
  ITS_FRAME_BYTES,
  type ItsRegisters,
  L1E,
  L2_BYTES,
  L2_ENTRIES,
  type MsiFunction,
  type Operands,
  type RedistributorRegisters,
  type SavedIts,
  VIRT_ITS,
} from '../../abi/index.ts'
import { type Gpa, GuestMemory } from '../../memory/index.ts'
import type { AuditInput } from '../index.ts'

export const RAM = 0x4000_0000
/** Enough for two ITSes. */
export const RAM_BYTES = 0x400_0000
export const QUEUE = RAM + 0x1_0000
export const DEVICE_TABLE = RAM + 0x2_0000
export const COLLECTION_TABLE = RAM + 0x4_0000
export const LPI_CONFIGURATION = RAM + 0x5_0000
const LPI_PENDING = RAM + 0x7_0000
/** Where the pending table of a vCPU is. */
export const pendingTable = (vcpuId: number): Gpa => (LPI_PENDING + vcpuId * 0x1_0000) as Gpa
const L2_PAGES = RAM + 0x10_0000
const ITTS = RAM + 0x100_0000
/** The tables, queue and ITTs of one ITS lie in this much RAM. */
const ITS_BYTES = 0x200_0000
/** What Linux writes for every LPI before it uses any, and for how many. */
const NEVER_USED = 0xc2
/** And for one that a driver has enabled. */
const ENABLED = 0xc3
const LPIS = 0xe000

interface Planted {
  readonly ittAddr: number
  readonly bits: number
  readonly events: Map<number, readonly [lpi: number, icid: number]>
}

/**
 * A VM whose guest talks to its ITS through a command queue in RAM, and whose kernel saves as those do that clear nothing: live
 * entries are written, what was there before stays. Two vCPUs, collection n on vCPU n.
 */
export class PlantedVm {
  readonly memory: GuestMemory
  readonly #devices = new Map<number, Planted>()
  readonly #indirect: boolean
  readonly #queuePages: number
  /** What further ITSes of the VM have planted, and how far its own tables lie behind those of the first. */
  readonly #others: PlantedVm[] = []
  readonly #offset: number
  #slot = 0
  /** What a test changes in the registers. */
  its: Partial<ItsRegisters> = {}
  redistributors: RedistributorRegisters[]
  more: Partial<AuditInput> = {}

  /** `beside`: the first ITS of a VM to which this one is another. */
  constructor({
    indirect = false,
    vcpus = 2,
    queuePages = 16,
    ramBytes = RAM_BYTES,
    beside = undefined as PlantedVm | undefined,
  } = {}) {
    this.memory = beside?.memory ?? new GuestMemory([{ base: RAM as Gpa, bytes: ramBytes, backing: 'sparse' }])
    if (beside === undefined) this.memory.fill(LPI_CONFIGURATION as Gpa, LPIS, NEVER_USED)
    else beside.#others.push(this)
    this.#offset = beside === undefined ? 0 : beside.#others.length * ITS_BYTES
    this.#indirect = indirect
    this.#queuePages = queuePages
    this.redistributors = Array.from({ length: vcpus }, (_, vcpuId) => ({
      vcpuId,
      ctlr: Number(GICR_CTLR.pack({ enableLpis: true })),
      propbaser: GICR_PROPBASER.pack({ idBits: 15, address: LPI_CONFIGURATION }),
      pendbaser: GICR_PENDBASER.pack({ address: pendingTable(vcpuId) }),
    }))
    this.#mapCollections()
    for (let icid = 0; icid < vcpus; icid++) this.cte(icid, { icid, rdBase: icid })
  }

  /** Writes a command into the ring, which goes round at its end. */
  command<N extends CommandName>(name: N, args: Partial<Operands<N>>): this {
    const words = encodeCommand(name, args)
    const at = this.#offset + QUEUE + (this.#slot % this.#slots) * COMMAND_BYTES
    this.memory.write(at as Gpa, new Uint8Array(words.buffer))
    this.#slot++
    return this
  }

  /** The guest sets its ITS up again in the same ring, from slot 0 on, and clears nothing: its devices are forgotten. */
  beginAnew(): this {
    this.#slot = 0
    this.#devices.clear()
    this.#mapCollections()
    return this
  }

  /** The guest clears its commands once they are executed. */
  clearRing(): this {
    this.memory.fill(QUEUE as Gpa, this.#queuePages * 4096)
    return this
  }

  /** The ring goes round once: what was sent before is overwritten. */
  goRound(): this {
    for (let slot = 0; slot < this.#slots; slot++) this.command('SYNC', {})
    return this
  }

  /** Moves event 0 of a device until nothing else is left in the ring, which must be one page. */
  goRoundWith(deviceId: number): this {
    for (let i = 0; i < 128; i++) this.command('MOVI', { deviceId, eventId: 0, icid: i % 2 })
    return this.command('MOVI', { deviceId, eventId: 0, icid: 0 })
  }

  #mapCollections(): void {
    for (const { vcpuId } of this.redistributors) this.command('MAPC', { icid: vcpuId, rdBase: vcpuId, valid: true })
  }

  get #slots(): number {
    return (this.#queuePages * 4096) / COMMAND_BYTES
  }

  /** The guest maps a device and its events: `{ 0: [8192, 0] }`. */
  map(
    deviceId: number,
    events: Readonly<Record<number, readonly [number, number]>>,
    { bits = 5, ittAddr = this.itt(deviceId) } = {},
  ): this {
    this.command('MAPD', { deviceId, size: bits - 1, ittAddr, valid: true })
    const device: Planted = { ittAddr, bits, events: new Map() }
    this.#devices.set(deviceId, device)
    for (const [eventId, [pintid, icid]] of Object.entries(events)) {
      this.command('MAPTI', { deviceId, eventId: Number(eventId), pintid, icid })
      device.events.set(Number(eventId), [pintid, icid])
    }
    return this
  }

  unmap(deviceId: number): this {
    this.#devices.delete(deviceId)
    return this.command('MAPD', { deviceId, valid: false })
  }

  discard(deviceId: number, eventId: number): this {
    this.#devices.get(deviceId)?.events.delete(eventId)
    return this.command('DISCARD', { deviceId, eventId })
  }

  /** Sets the pending bits of these LPIs in the table that a vCPU has. */
  pend(vcpuId: number, ...lpis: readonly number[]): this {
    for (const lpi of lpis) {
      const at = (pendingTable(vcpuId) + Math.floor(lpi / 8)) as Gpa
      this.memory.setU8(at, this.memory.u8(at) | (1 << (lpi % 8)))
    }
    return this
  }

  /** A driver waits for these LPIs. */
  enable(...lpis: readonly number[]): this {
    for (const lpi of lpis) this.memory.setU8((LPI_CONFIGURATION + lpi - FIRST_LPI) as Gpa, ENABLED)
    return this
  }

  /** Every redistributor has the registers of the first, as Cloud Hypervisor saved them. */
  withRegistersOfFirst(): this {
    const [first] = this.redistributors
    this.redistributors = this.redistributors.map(({ vcpuId }) => ({ ...first!, vcpuId }))
    return this
  }

  /** Writes live devices and events with their chains, and nothing else. */
  save(): this {
    const ids = [...this.#devices.keys()].sort((a, b) => a - b)
    for (const [i, deviceId] of ids.entries()) {
      const { ittAddr, bits, events } = this.#devices.get(deviceId)!
      const eventIds = [...events.keys()].sort((a, b) => a - b)
      for (const [j, eventId] of eventIds.entries()) {
        const [pintid, icid] = events.get(eventId)!
        this.ite(deviceId, eventId, { pintid, icid, next: (eventIds[j + 1] ?? eventId) - eventId })
      }
      const next = Math.min((ids[i + 1] ?? deviceId) - deviceId, DTE_NEXT_CAP)
      this.dte(deviceId, { ittAddr, size: bits - 1, next })
    }
    return this
  }

  itt(deviceId: number): number {
    return this.#offset + ITTS + (deviceId % 4096) * 0x1000
  }

  iteAt(deviceId: number, eventId: number): Gpa {
    return ((this.#devices.get(deviceId)?.ittAddr ?? this.itt(deviceId)) + eventId * ENTRY_BYTES) as Gpa
  }

  dteAt(deviceId: number): Gpa {
    if (!this.#indirect) return (this.#offset + DEVICE_TABLE + deviceId * ENTRY_BYTES) as Gpa
    const page = Math.floor(deviceId / L2_ENTRIES)
    // In falling order, so that what follows one page in RAM is not the next one.
    const l2Addr = this.#offset + L2_PAGES + (7 - page) * L2_BYTES
    this.word((this.#offset + DEVICE_TABLE + page * ENTRY_BYTES) as Gpa, L1E.encode({ l2Addr, valid: true }))
    return (l2Addr + (deviceId % L2_ENTRIES) * ENTRY_BYTES) as Gpa
  }

  dte(deviceId: number, entry: Parameters<typeof DTE.encode>[0]): this {
    return this.word(this.dteAt(deviceId), DTE.encode({ valid: true, ...entry }))
  }

  ite(deviceId: number, eventId: number, entry: Parameters<typeof ITE.encode>[0]): this {
    return this.word(this.iteAt(deviceId, eventId), ITE.encode(entry))
  }

  cte(slot: number, entry: Parameters<typeof CTE.encode>[0]): this {
    return this.word((this.#offset + COLLECTION_TABLE + slot * ENTRY_BYTES) as Gpa, CTE.encode({ valid: true, ...entry }))
  }

  word(at: Gpa, { lo, hi }: { readonly lo: number; readonly hi: number }): this {
    this.memory.setWord(at, lo, hi)
    return this
  }

  registers(): GicRegisters {
    const itses = [this.#saved(VIRT_ITS), ...this.#others.map((other, i) => other.#saved(VIRT_ITS + (i + 1) * ITS_FRAME_BYTES))]
    return { itses, redistributors: this.redistributors }
  }

  #saved(base: number): SavedIts {
    const offset = BigInt((this.#slot % this.#slots) * COMMAND_BYTES)
    const table = { addressHigh: 0, valid: true, pageSize: 2, entrySize: 7 }
    return {
      base: base as Gpa,
      ctlr: Number(GITS_CTLR.pack({ enabled: true, quiescent: true })),
      iidr: 0x4b00043b,
      cbaser: GITS_CBASER.pack({ pages: this.#queuePages - 1, address: this.#offset + QUEUE, valid: true }),
      cwriter: offset,
      creadr: offset,
      baser: [
        GITS_BASER.pack({ ...table, addressLow: this.#offset + DEVICE_TABLE, type: 1, indirect: this.#indirect }),
        GITS_BASER.pack({ ...table, addressLow: this.#offset + COLLECTION_TABLE, type: 4 }),
        ...new Array<bigint>(6).fill(0n),
      ],
      ...this.its,
    }
  }

  input(): AuditInput {
    return { memory: this.memory, registers: this.registers(), ...this.more }
  }
}

/** A PCI function with MSI-X vectors set to these events of an ITS whose GITS_TRANSLATER is where QEMU's is. */
export function pciFunction(deviceId: number, events: readonly number[], enabled = true): MsiFunction {
  const target = { kind: 'translater', its: 0 } as const
  const vectors = events.map((data) => ({ address: 0x0809_0040n, target, data, masked: false }))
  return { name: `function ${deviceId}`, deviceId, kind: 'MSI-X', enabled, vectors }
}
