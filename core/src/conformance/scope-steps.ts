import {
  COMMAND_BYTES,
  decodeCommand,
  GICR_CTLR,
  GICR_PENDBASER,
  GICR_PROPBASER,
  GITS_CTLR,
  hex,
  L2_BYTES,
  u64,
  VIRT_ITS,
} from '../abi/index.ts'
import { COLLECTION_BASER, DEVICE_BASER } from '../its/index.ts'
import { type Gpa, type GuestMemory, PAGE_BYTES } from '../memory/index.ts'
import { dtePlace, type HistoryStep, type Scope, type ScopeRam, ScopeVm } from '../scope/index.ts'
import { hexOfBytes, nonzeroWords, wordBytes } from './hex.ts'
import { doublewords, queued } from './queued.ts'
import type { Hex, QueuedCommand, Step } from './step.ts'

const TABLE_BYTES = 0x10000
const ITT_BYTES = 0x100
/** LPIs below 2^16 have their pending bits here. */
const PENDING_BYTES = 0x2000
const LPI_ID_BITS = 16
/** Of table ABI revision 0. */
const IIDR = 0x4b00043bn

const ENABLED = hex(GITS_CTLR.pack({ enabled: true }))

/** What was saved of a scope's VM. */
export interface Image {
  readonly memory: GuestMemory
  /** GITS_BASER0, where it is not the first. */
  readonly baser?: bigint
}

/** What is looked at after a save, and zeroed: all of the tables, or only the 4 KiB in which entries of the scope are. */
export type Looks = 'at whole tables' | 'where entries are'

/** Where what was saved is restored: in a new VM, or in an ITS that was reset. */
export type RestoredIn = 'a new VM' | 'the same VM'

/**
 * Histories of a scope as the steps of a recording. After each save the tables are looked at, and the end of a history is told by a restore whose
 * result is saved into cleared tables.
 */
export class ScopeSteps {
  readonly steps: Step[] = []
  readonly #scope: Scope
  /** The VM before anything happened. */
  readonly #vm: ScopeVm
  readonly #ram: ScopeRam
  readonly #looks: Looks
  #deviceBaser: bigint
  #cwriter = 0

  constructor(scope: Scope, looks: Looks = 'at whole tables') {
    this.#scope = scope
    this.#looks = looks
    this.#vm = new ScopeVm(scope)
    this.#ram = this.#vm.ram
    this.#deviceBaser = this.#vm.its.baser(DEVICE_BASER)
  }

  /** A VM whose guest has set up its LPIs, the tables and the queue, and mapped nothing. */
  begin(): void {
    this.#create()
    this.#firstLevel()
    this.#redistributors()
    this.#itsRegisters()
  }

  /** What a history does, once. Of a migration to another kernel: to another VM of the same. */
  play({ does, writes, commands, deviceBaser: baser, operation }: HistoryStep): void {
    if (does === 'baser') this.#write('GITS_CTLR', '0x0')
    if (does === 'reset') this.#reset()
    for (const { at, lo, hi } of writes) this.#word(at, u64(lo, hi), operation)
    if (commands.length > 0) this.#commands(commands)
    if (does === 'save') this.#save()
    if (does === 'migrate') this.#move('a new VM')
    if (does === 'restore') this.steps.push({ op: 'its_restore_tables', its: 0 })
    if (does === 'baser') {
      this.#deviceBaser = baser ?? this.#deviceBaser
      this.#write('GITS_BASER0', hex(this.#deviceBaser))
      this.#write('GITS_CTLR', ENABLED)
    }
    if (does === 'reset') {
      this.#cwriter = 0
      this.#itsRegisters()
    }
  }

  /** Saves, restores that, and saves what was restored into cleared tables. */
  finish(where: RestoredIn = 'a new VM'): void {
    this.#move(where)
    this.#clearTables()
    this.#save()
  }

  /** Another history may begin in the same VM: the ITS is reset, and all that it was given is zeroed. */
  beginAnew(): void {
    this.#forget()
    this.#itsRegisters()
  }

  /** What somebody else saved is restored in the same VM, and saved into cleared tables. */
  restoreImage({ memory, baser = this.#vm.its.baser(DEVICE_BASER) }: Image): void {
    this.#forget()
    this.#deviceBaser = baser
    for (const { what, at, bytes } of this.#tables()) this.#writeWords(what, at, nonzeroWords(memory, at, bytes))
    this.#restore()
    this.#clearTables()
    this.#save()
  }

  #forget(): void {
    this.#reset()
    for (const { at, bytes } of this.#tables()) this.steps.push({ op: 'mem_zero', gpa: hex(at), len: hex(bytes) })
    this.#firstLevel()
    this.#deviceBaser = this.#vm.its.baser(DEVICE_BASER)
    this.#cwriter = 0
  }

  #restore(): void {
    this.#tableRegisters()
    this.steps.push({ op: 'its_restore_tables', its: 0 })
    this.#write('GITS_CTLR', ENABLED)
  }

  #create(): void {
    this.steps.push({
      op: 'create_vm',
      vcpus: this.#scope.vcpus,
      ram: this.#vm.memory.ranges.map(({ base, bytes }) => ({ base: hex(base), size: hex(bytes) })),
      gic_init: true,
      its_base: hex(VIRT_ITS),
    })
  }

  /** Entries that are there from the beginning: of a first level. */
  #firstLevel(): void {
    const [at] = this.#ram.deviceTables
    this.#writeWords('first level', at!, nonzeroWords(this.#vm.memory, at!, this.#ram.deviceTableBytes))
  }

  #writeWords(what: string, base: Gpa, words: Readonly<Record<string, string>>): void {
    for (const [offset, digits] of Object.entries(words))
      this.steps.push({ op: 'mem_write', gpa: hex(base + Number(offset)), what, hex: digits })
  }

  #redistributors(): void {
    const { configuration, pending } = this.#ram
    const write = (cpu: number, reg: string, value: bigint) => {
      this.steps.push({ op: 'redist_write', cpu, reg, value: hex(value) })
    }
    write(0, 'GICR_PROPBASER', GICR_PROPBASER.pack({ address: configuration, idBits: LPI_ID_BITS - 1 }))
    for (const [cpu, address] of pending.entries()) write(cpu, 'GICR_PENDBASER', GICR_PENDBASER.pack({ address }))
    for (const cpu of pending.keys()) write(cpu, 'GICR_CTLR', BigInt(GICR_CTLR.pack({ enableLpis: true })))
  }

  /** As a guest sets up its ITS after a reset. */
  #itsRegisters(): void {
    this.#tableRegisters()
    this.#write('GITS_CTLR', ENABLED)
  }

  /** In the order of a VMM that restores. */
  #tableRegisters(): void {
    this.#write('GITS_IIDR', hex(IIDR))
    this.#write('GITS_CBASER', hex(this.#vm.its.cbaser))
    this.#write('GITS_CREADR', hex(this.#cwriter))
    this.#write('GITS_CWRITER', hex(this.#cwriter))
    this.#write('GITS_BASER0', hex(this.#deviceBaser))
    this.#write('GITS_BASER1', hex(this.#vm.its.baser(COLLECTION_BASER)))
  }

  #write(reg: string, value: Hex): void {
    this.steps.push({ op: 'its_write', its: 0, reg, value })
  }

  #word(at: Gpa, word: bigint, what: string): void {
    this.steps.push({ op: 'mem_write', gpa: hex(at), what, hex: hexOfBytes(wordBytes([hex(word)])) })
  }

  #commands(commands: readonly Uint32Array[]): void {
    const before = this.#cwriter
    this.#cwriter = (before + commands.length * COMMAND_BYTES) % this.#vm.its.queue.bytes
    const list = commands.map((words) => queuedWords(words))
    this.steps.push({ op: 'commands', its: 0, cwriter_before: hex(before), list, cwriter_written: hex(this.#cwriter) })
  }

  #save(): void {
    this.steps.push({ op: 'its_save_tables', its: 0 })
    for (const { what, at, bytes } of this.#tables()) this.steps.push({ op: 'mem_dump', what, gpa: hex(at), len: hex(bytes) })
  }

  #reset(): void {
    this.steps.push({ op: 'its_ctrl_reset', its: 0 })
  }

  /** Saved, and restored where there is no device yet. */
  #move(where: RestoredIn): void {
    const { pending } = this.#ram
    const areLpisPending = this.#scope.operations.includes('INT')
    this.#save()
    if (areLpisPending) {
      this.steps.push({ op: 'gic_save_pending_tables' })
      for (const [cpu, at] of pending.entries())
        this.steps.push({ op: 'mem_dump', what: `pending table ${cpu}`, gpa: hex(at), len: hex(PENDING_BYTES) })
    }
    if (where === 'a new VM') {
      this.steps.push({ op: 'destroy_vm', ram_kept: true })
      this.#create()
      this.#redistributors()
    } else this.#reset()
    this.#restore()
  }

  /** All tables but the first level of a two-level one, which is the guest's. */
  #clearTables(): void {
    const { deviceTables, pages } = this.#ram
    for (const { at, bytes } of this.#tables()) {
      if (pages.length === 0 || !deviceTables.includes(at)) this.steps.push({ op: 'mem_zero', gpa: hex(at), len: hex(bytes) })
    }
  }

  #tables(): readonly Piece[] {
    const { deviceTables, deviceTableBytes, pages, collectionTable, itts } = this.#ram
    const tables = [
      ...deviceTables.map((at) => ({ what: 'device table', at, bytes: deviceTableBytes })),
      ...pages.map((at, page) => ({ what: `second-level page ${page}`, at, bytes: L2_BYTES })),
      { what: 'collection table', at: collectionTable, bytes: TABLE_BYTES },
    ]
    const looked = this.#looks === 'at whole tables' ? tables : tables.flatMap((table) => this.#withEntries(table))
    return [...looked, { what: 'ITTs', at: itts[0]!, bytes: itts.length * ITT_BYTES }]
  }

  #withEntries({ what, at, bytes }: Piece): Piece[] {
    const places = this.#ram.deviceTables.flatMap((_, table) =>
      this.#scope.deviceIds.map((deviceId) => dtePlace(this.#ram, table, deviceId)),
    )
    const offsets = [at, ...places].filter((place) => place >= at && place < at + bytes).map((place) => place - at)
    const found = new Set(offsets.map((offset) => offset - (offset % PAGE_BYTES)))
    return Array.from(found, (offset) => ({ what, at: (at + offset) as Gpa, bytes: PAGE_BYTES }))
  }
}

/** A table or a part of one. */
interface Piece {
  readonly what: string
  readonly at: Gpa
  readonly bytes: number
}

/** A command as a recording has it. */
function queuedWords(words: Uint32Array): QueuedCommand {
  const command = decodeCommand(words)
  return command === undefined ? { name: '', dw: doublewords(words) } : queued(command.name, command.args)
}
