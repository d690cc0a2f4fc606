import { COMMAND_BYTES, GICR_PENDBASER, GICR_PROPBASER, GITS_BASER, GITS_CBASER, hex, L1E, L2_BYTES } from '../abi/index.ts'
import { qemuRegisterOrder } from './register-names.ts'
import type { Hex, QueuedCommand, Rc, Recording, Step } from './step.ts'

type Bytes = Readonly<Record<string, string>>
interface Tables {
  readonly dev: Bytes
  readonly col: Bytes
  readonly itt: Bytes
}

/** One case of a file of random command streams. */
interface RandomCase {
  readonly n: number
  readonly vcpus: number
  /** 1: the device table has two levels. */
  readonly indirect: number
  /** Lists of commands, each four doublewords in one string, or a SAVE_TABLES between them. */
  readonly bursts: readonly (readonly string[] | 'SAVE')[]
  readonly regs: Readonly<Record<string, Hex>>
  readonly save: Rc
  readonly save_pending: Rc
  readonly tables: Tables
  readonly pending: readonly Bytes[]
  readonly restore: Rc
  readonly second_save_equal: boolean
  readonly second?: Tables
  readonly pending_equal: boolean
  readonly pending_after?: readonly Bytes[]
}

/** A file of random command streams (`kvm-its-golden-random-1`). */
export interface RandomFile {
  readonly format: 'kvm-its-golden-random-1'
  readonly kernel: string
  readonly sane: boolean
  readonly places: Readonly<Record<'RAM' | 'SIZE' | 'CMD' | 'PROP' | 'PEND' | 'DEV' | 'COL' | 'L2' | 'ITT' | 'ITS', Hex>>
  readonly cases: readonly RandomCase[]
}

type Places = Readonly<Record<keyof RandomFile['places'], bigint>>

/** Inner shareable, read and write allocate: what Linux asks for. */
const attributes = { innerCache: 7, shareability: 1 } as const
const QUEUE_BYTES = 0x10000
/** First-level entries that a two-level device table has: index, and number of its page at places.L2. */
const L1_ENTRIES = [
  [0, 0],
  [1, 1],
  [3, 2],
  [7, 3],
] as const

/** The cases of a file as recordings of steps, each a VM that is saved and restored. */
export function randomRecordings({ kernel, sane, places, cases }: RandomFile): Recording[] {
  const at = Object.fromEntries(Object.entries(places).map(([name, value]) => [name, BigInt(value)])) as unknown as Places
  return cases.map((one) => ({
    format: 'kvm-its-golden-1',
    scenario: `${sane ? 'random_sane' : 'random'} case ${one.n}`,
    kernel,
    steps: stepsOf(one, at),
  }))
}

function stepsOf(one: RandomCase, at: Places): Step[] {
  const regs = one.regs
  return [
    create(one.vcpus, at),
    ...bringUp(one, at),
    ...bursts(one),
    { op: 'its_regs', values: regs },
    { op: 'its_save_tables', rc: one.save },
    { op: 'gic_save_pending_tables', rc: one.save_pending },
    ...dumps(one, at, one.tables),
    ...pendingDumps(at, one.pending),
    { op: 'destroy_vm', ram_kept: true },
    create(one.vcpus, at),
    ...enableLpis(one.vcpus, at),
    ...qemuRegisterOrder.map((reg): Step => ({ op: 'its_write', reg, value: regs[reg]!, rc: '0' })),
    { op: 'its_restore_tables', rc: one.restore },
    { op: 'its_write', reg: 'GITS_CTLR', value: '0x1', rc: '0' },
    { op: 'gic_save_pending_tables', rc: '0' },
    ...pendingDumps(at, one.pending_equal ? one.pending : one.pending_after!),
    ...tableRanges(one, at).map(({ what, gpa, len }): Step => ({ op: 'mem_zero', what, gpa, len })),
    { op: 'its_save_tables', rc: '0' },
    ...dumps(one, at, one.second_save_equal ? one.tables : one.second!),
    { op: 'destroy_vm', ram_kept: false },
  ]
}

function create(vcpus: number, at: Places): Step {
  return { op: 'create_vm', vcpus, ram: [{ base: hex(at.RAM), size: hex(at.SIZE) }], gic_init: true, its_base: hex(at.ITS) }
}

function bringUp({ vcpus, indirect }: RandomCase, at: Places): Step[] {
  const l1 = L1_ENTRIES.map(([index, page]): Step => {
    const entry = L1E.pack({ valid: true, l2Addr: Number(at.L2) + page * L2_BYTES })
    return { op: 'mem_write', what: `L1[${index}]`, gpa: hex(at.DEV + BigInt(index * 8)), hex: littleEndian(entry) }
  })
  const table = { ...attributes, valid: true } as const
  const registers: readonly (readonly [string, bigint])[] = [
    ['GITS_CBASER', GITS_CBASER.pack({ ...table, address: Number(at.CMD), pages: QUEUE_BYTES / 4096 - 1 })],
    ['GITS_BASER0', GITS_BASER.pack({ ...table, addressLow: Number(at.DEV), indirect: indirect === 1 })],
    ['GITS_BASER1', GITS_BASER.pack({ ...table, addressLow: Number(at.COL) })],
    ['GITS_CTLR', 1n],
  ]
  return [
    { op: 'mem_write', what: 'LPI configuration', gpa: hex(at.PROP), fill: 'a1', len: '0x80' },
    ...(indirect ? l1 : []),
    ...enableLpis(vcpus, at),
    ...registers.map(([reg, value]): Step => ({ op: 'its_write', reg, value: hex(value), rc: '0' })),
  ]
}

function enableLpis(vcpus: number, at: Places): Step[] {
  const propbaser = GICR_PROPBASER.pack({ ...attributes, address: Number(at.PROP), idBits: 15 })
  return Array.from({ length: vcpus }, (_, cpu): Step[] => {
    const pendbaser = GICR_PENDBASER.pack({ ...attributes, address: Number(pendingTable(at, cpu)) })
    return [
      { op: 'redist_write', cpu, reg: 'GICR_PROPBASER', value: hex(propbaser), rc: '0' },
      { op: 'redist_write', cpu, reg: 'GICR_PENDBASER', value: hex(pendbaser), rc: '0' },
      { op: 'redist_write', cpu, reg: 'GICR_CTLR', value: '0x1', rc: '0' },
    ]
  }).flat()
}

function bursts(one: RandomCase): Step[] {
  let offset = 0
  return one.bursts.map((burst): Step => {
    if (burst === 'SAVE') return { op: 'its_save_tables' }
    const from = offset
    offset = (offset + burst.length * COMMAND_BYTES) % QUEUE_BYTES
    const list = burst.map((words): QueuedCommand => ({ name: words, dw: words.split(' ') as Hex[] }))
    return { op: 'commands', cwriter_before: hex(from), list, cwriter_written: hex(offset), rc: '0' }
  })
}

interface Stretch {
  readonly what: keyof Tables
  readonly gpa: Hex
  readonly len: Hex
}

function tableRanges({ indirect }: RandomCase, at: Places): Stretch[] {
  return [
    indirect ? { what: 'dev', gpa: hex(at.L2), len: '0x40000' } : { what: 'dev', gpa: hex(at.DEV), len: '0x10000' },
    { what: 'col', gpa: hex(at.COL), len: '0x10000' },
    { what: 'itt', gpa: hex(at.ITT), len: '0x40000' },
  ]
}

function dumps(one: RandomCase, at: Places, tables: Tables): Step[] {
  return tableRanges(one, at).map((range): Step => ({ op: 'mem_dump', ...range, nonzero: tables[range.what] }))
}

function pendingDumps(at: Places, tables: readonly Bytes[]): Step[] {
  return tables.map(
    (nonzero, cpu): Step => ({
      op: 'mem_dump',
      what: `pending table of vCPU ${cpu}`,
      gpa: hex(pendingTable(at, cpu)),
      len: '0x2000',
      nonzero,
    }),
  )
}

const pendingTable = (at: Places, cpu: number) => at.PEND + BigInt(cpu * 0x10000)

function littleEndian(word: bigint): string {
  const digits = word.toString(16).padStart(16, '0').match(/../g)!
  return digits.reverse().join('')
}
