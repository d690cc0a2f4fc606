import { type GicRegisters, hex, itsAddresses, type SavedIts, savedIts } from '../abi/index.ts'
import { type RestoreStep, restoreOrder } from '../kvm/index.ts'
import { type Gpa, type GpaRange, GuestMemory, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import { tableView } from '../tables/index.ts'
import { bytesOfHex, hexOfBytes } from './hex.ts'
import type { Step, StepAnswer } from './step.ts'
import { insideRam, savedRanges } from './table-ranges.ts'

/** Zeros shorter than this are sent with what is around them. */
const SHORTEST_GAP = 64

/** A saved machine, as far as its LPIs go. */
export interface SavedState {
  readonly ram: readonly GpaRange[]
  readonly registers: GicRegisters
  /** Index of the only ITS that is restored; the first when not told. */
  readonly its?: number
  readonly memory: ReadonlyMemory
  /** The parts of RAM that a restore reads; the rest may be missing. */
  readonly needed: readonly GpaRange[]
}

/** Steps that restore a saved state and read back what came of it, and which of them answer what. */
export interface RestorePlan {
  readonly state: SavedState
  readonly steps: readonly Step[]
  /** Index of RESTORE_TABLES. */
  readonly restore: number
  /** What a save writes, and the index of the step that dumps it. */
  readonly tables: readonly { readonly range: GpaRange; readonly dump: number }[]
}

/**
 * Restores a saved machine in the documented order. What was restored is saved into cleared tables before GITS_CTLR lets queued
 * commands change it.
 */
export function planRestore(state: SavedState): RestorePlan {
  const { ram, memory, registers, its } = state
  const saved = savedIts(registers, its)
  const inOrder = (steps: readonly RestoreStep[]) => steps.flatMap((step) => stepsOf[step](state, saved))
  const tables = restoreOrder.indexOf('restore-tables')
  const before = inOrder(restoreOrder.slice(0, tables))
  const ranges = insideRam({ ranges: ram }, savedRanges(memory, registers, its))
  const cleared = ranges.map(({ base, bytes }): Step => ({ op: 'mem_zero', gpa: hex(base), len: hex(bytes) }))
  const resaved: Step[] = [...before, ...stepsOf['restore-tables'](state, saved), ...cleared, { op: 'its_save_tables' }]
  const dumps = ranges.map(({ base, bytes }): Step => ({ op: 'mem_dump', what: 'saved', gpa: hex(base), len: hex(bytes) }))
  return {
    state,
    steps: [...resaved, ...dumps, ...inOrder(restoreOrder.slice(tables + 1)), { op: 'destroy_vm', ram_kept: false }],
    restore: before.length,
    tables: ranges.map((range, n) => ({ range, dump: resaved.length + n })),
  }
}

/** What a subject made of a plan: the answer of RESTORE_TABLES, and RAM with nothing in it but the tables of what it restored. */
export interface RestoredState {
  /** `0`, or an errno's name. */
  readonly rc: string
  readonly memory: GuestMemory
}

export function restoredState({ state, restore, tables }: RestorePlan, answers: readonly StepAnswer[]): RestoredState {
  const memory = new GuestMemory(state.ram.map(({ base, bytes }) => ({ base, bytes, backing: 'sparse' })))
  keepFirstLevel(state, memory)
  for (const { range, dump } of tables) {
    const { nonzero } = answers[dump] as { readonly nonzero: Readonly<Record<string, string>> }
    for (const [offset, digits] of Object.entries(nonzero)) memory.write((range.base + Number(offset)) as Gpa, bytesOfHex(digits))
  }
  return { rc: String(answers[restore]!['rc']), memory }
}

/** The first level of an indirect device table is the guest's: a save reads it and never writes it. */
function keepFirstLevel({ registers, its, memory }: SavedState, copy: GuestMemory): void {
  const { valid, indirect, base, bytes } = tableView(registers, its).deviceTable
  if (!valid || !indirect) return
  for (const part of insideRam(memory, [{ base: base as Gpa, bytes }])) copy.write(part.base, memory.read(part.base, part.bytes))
}

/** What each step is for one ITS: the VM comes with its vCPUs, its GIC and the address of its ITS. */
const stepsOf: Readonly<Record<RestoreStep, (state: SavedState, its: SavedIts) => readonly Step[]>> = {
  memory: ({ ram, registers, memory, needed }, its) => [
    {
      op: 'create_vm',
      vcpus: registers.redistributors.length,
      vcpu_ids: registers.redistributors.map(({ vcpuId }) => vcpuId),
      ram: ram.map(({ base, bytes }) => ({ base: hex(base), size: hex(bytes) })),
      gic_init: true,
      its_base: hex(itsAddresses({ ...registers, itses: [its] })[0]!),
    },
    ...insideRam({ ranges: ram }, insideRam(memory, needed)).flatMap((range) => writtenBytes(memory, range)),
  ],
  vcpus: () => [],
  'gic-init': () => [],
  'lpi-tables': ({ registers }) =>
    registers.redistributors.flatMap(({ vcpuId, propbaser, pendbaser }) => [
      writeTo(vcpuId, 'GICR_PROPBASER', propbaser),
      writeTo(vcpuId, 'GICR_PENDBASER', pendbaser),
    ]),
  'enable-lpis': ({ registers }) => registers.redistributors.map(({ vcpuId, ctlr }) => writeTo(vcpuId, 'GICR_CTLR', ctlr)),
  'its-address': () => [],
  cbaser: (_, its) => [write('GITS_CBASER', its.cbaser)],
  iidr: (_, its) => [write('GITS_IIDR', its.iidr)],
  creadr: (_, its) => [write('GITS_CREADR', its.creadr)],
  cwriter: (_, its) => [write('GITS_CWRITER', its.cwriter)],
  basers: (_, its) => its.baser.map((value, n) => write(`GITS_BASER${n}`, value)),
  'restore-tables': () => [{ op: 'its_restore_tables' }],
  'its-ctlr': (_, its) => [write('GITS_CTLR', its.ctlr)],
  irqfd: () => [],
  run: () => [],
}

const write = (reg: string, value: number | bigint): Step => ({ op: 'its_write', reg, value: hex(value) })
const writeTo = (cpu: number, reg: string, value: number | bigint): Step => ({ op: 'redist_write', cpu, reg, value: hex(value) })

/** What is not zero in a range: RAM of a new VM is zeros. */
function writtenBytes(memory: ReadonlyMemory, { base, bytes }: GpaRange): Step[] {
  const steps: Step[] = []
  for (let page: number = base; page < base + bytes; page += PAGE_BYTES) {
    const contents = memory.read(page as Gpa, Math.min(PAGE_BYTES, base + bytes - page))
    for (const [start, end] of stretches(contents)) {
      steps.push({ op: 'mem_write', gpa: hex(page + start), hex: hexOfBytes(contents.subarray(start, end)) })
    }
  }
  return steps
}

function stretches(bytes: Uint8Array): [start: number, end: number][] {
  const found: [number, number][] = []
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === 0) continue
    const last = found.at(-1)
    if (last !== undefined && i - last[1] < SHORTEST_GAP) last[1] = i + 1
    else found.push([i, i + 1])
  }
  return found
}
