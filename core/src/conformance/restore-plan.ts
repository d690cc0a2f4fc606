import { type GicRegisters, hex, itsAddresses, type SavedIts } from '../abi/index.ts'
import { type RestoreStep, restoreOrder } from '../kvm/index.ts'
import { type Gpa, type GpaRange, GuestMemory, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import { tableView } from '../tables/index.ts'
import { bytesOfHex, hexOfBytes } from './hex.ts'
import type { Step, StepAnswer, StepOf } from './step.ts'
import { insideRam, savedRanges } from './table-ranges.ts'

/** Zeros shorter than this are sent with what is around them. */
const SHORTEST_GAP = 64

/** A saved machine, as far as its LPIs go. */
export interface SavedState {
  readonly ram: readonly GpaRange[]
  readonly registers: GicRegisters
  readonly memory: ReadonlyMemory
  /** The parts of RAM that a restore reads; the rest may be missing. */
  readonly needed: readonly GpaRange[]
}

/** Steps that restore a saved state and read back what came of it, and which of them answer what. */
export interface RestorePlan {
  readonly state: SavedState
  readonly steps: readonly Step[]
  /** Where each ITS is asked, in the order of the registers. */
  readonly itses: readonly AskedIts[]
}

/** The steps of a plan that answer for one ITS. */
export interface AskedIts {
  /** Index of RESTORE_TABLES. */
  readonly restore: number
  /** What a save writes, and the index of the step that dumps it. */
  readonly tables: readonly { readonly range: GpaRange; readonly dump: number }[]
}

/**
 * Restores a saved machine in the documented order. What was restored is saved into cleared tables, ITS by ITS, before GITS_CTLR lets
 * queued commands change it.
 */
export function planRestore(state: SavedState): RestorePlan {
  const { ram, memory, registers } = state
  const inOrder = (steps: readonly RestoreStep[]) => steps.flatMap((step) => stepsOf[step](state))
  const tables = restoreOrder.indexOf('restore-tables')
  const steps = inOrder(restoreOrder.slice(0, tables))
  const add = (step: Step): number => steps.push(step) - 1
  const restores = stepsOf['restore-tables'](state).map(add)
  const itses = restores.map((restore, its): AskedIts => {
    const ranges = insideRam({ ranges: ram }, savedRanges(memory, registers, its)).map((range) => {
      const { base, bytes } = range
      return { range, gpa: hex(base), len: hex(bytes) }
    })
    for (const { gpa, len } of ranges) add({ op: 'mem_zero', gpa, len })
    add({ op: 'its_save_tables', its })
    return {
      restore,
      tables: ranges.map(({ range, gpa, len }) => ({ range, dump: add({ op: 'mem_dump', what: 'saved', gpa, len }) })),
    }
  })
  steps.push(...inOrder(restoreOrder.slice(tables + 1)), { op: 'destroy_vm', ram_kept: false })
  return { state, steps, itses }
}

/** What a subject made of one ITS. */
export interface RestoredState {
  /** The first call to the ITS that failed, or the last: a register that was written, or `RESTORE_TABLES`. */
  readonly call: string
  /** What it answered: `0`, or an errno's name. */
  readonly rc: string
  /** RAM with nothing in it but the tables of what RESTORE_TABLES mapped. */
  readonly memory: GuestMemory
}

/** What came of each ITS, in the order of the registers. */
export function restoredStates({ state, steps, itses }: RestorePlan, answers: readonly StepAnswer[]): RestoredState[] {
  return itses.map(({ restore, tables }, its) => {
    const refused = steps.slice(0, restore).findIndex((step, n) => isWriteTo(step, its) && answers[n]!['rc'] !== '0')
    const asked = steps[refused] as StepOf<'its_write'> | undefined
    const memory = new GuestMemory(state.ram.map(({ base, bytes }) => ({ base, bytes, backing: 'sparse' })))
    keepFirstLevel(state, its, memory)
    for (const { range, dump } of tables) {
      const { nonzero } = answers[dump] as { readonly nonzero: Readonly<Record<string, string>> }
      for (const [offset, digits] of Object.entries(nonzero))
        memory.write((range.base + Number(offset)) as Gpa, bytesOfHex(digits))
    }
    return { call: asked?.reg ?? 'RESTORE_TABLES', rc: String(answers[asked ? refused : restore]!['rc']), memory }
  })
}

const isWriteTo = (step: Step, its: number): boolean => step.op === 'its_write' && step.its === its

/** The first level of an indirect device table is the guest's: a save reads it and never writes it. */
function keepFirstLevel({ registers, memory }: SavedState, its: number, copy: GuestMemory): void {
  const { valid, indirect, base, bytes } = tableView(registers, its).deviceTable
  if (!valid || !indirect) return
  for (const part of insideRam(memory, [{ base: base as Gpa, bytes }])) copy.write(part.base, memory.read(part.base, part.bytes))
}

type StepsOf = (state: SavedState) => readonly Step[]

/** What each step is: the VM comes with its vCPUs, its GIC and the addresses of its ITSes. */
const stepsOf: Readonly<Record<RestoreStep, StepsOf>> = {
  memory: ({ ram, registers, memory, needed }) => [
    createVm(ram, registers),
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
  cbaser: onEach(({ cbaser }) => [['GITS_CBASER', cbaser]]),
  iidr: onEach(({ iidr }) => [['GITS_IIDR', iidr]]),
  creadr: onEach(({ creadr }) => [['GITS_CREADR', creadr]]),
  cwriter: onEach(({ cwriter }) => [['GITS_CWRITER', cwriter]]),
  basers: onEach(({ baser }) => baser.map((value, n) => [`GITS_BASER${n}`, value])),
  'restore-tables': ({ registers }) => registers.itses.map((_, its) => ({ op: 'its_restore_tables', its })),
  'its-ctlr': onEach(({ ctlr }) => [['GITS_CTLR', ctlr]]),
  irqfd: () => [],
  run: () => [],
}

function createVm(ram: readonly GpaRange[], registers: GicRegisters): Step {
  const [first, ...more] = itsAddresses(registers).map((base) => hex(base))
  return {
    op: 'create_vm',
    vcpus: registers.redistributors.length,
    vcpu_ids: registers.redistributors.map(({ vcpuId }) => vcpuId),
    ram: ram.map(({ base, bytes }) => ({ base: hex(base), size: hex(bytes) })),
    gic_init: true,
    its_base: first!,
    ...(more.length > 0 && { more_its: more }),
  }
}

function onEach(writes: (its: SavedIts) => readonly (readonly [reg: string, value: number | bigint])[]): StepsOf {
  return ({ registers }) =>
    registers.itses.flatMap((saved, its) =>
      writes(saved).map(([reg, value]): Step => ({ op: 'its_write', reg, value: hex(value), its })),
    )
}

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
