import { type GicRegisters, type Gpa, type GpaRange, hex, PAGE_BYTES, type ReadonlyMemory } from '@vits/core'
import type { Hex, Step } from '@vits/core/conformance'

/** Where the restored machine's ITS is put; no table holds it. */
const ITS_BASE = '0x8080000'
/** Zeros shorter than this are sent with what is around them. */
const SHORTEST_GAP = 64

const at = (value: number | bigint) => hex(value) as Hex

/** What is to be put into a VM and read back from it. */
export interface SavedTables {
  readonly ram: readonly GpaRange[]
  readonly registers: GicRegisters
  readonly memory: ReadonlyMemory
  /** The parts of RAM that a restore reads: all of `memory` that is loaded and counts. */
  readonly needed: readonly GpaRange[]
  /** The tables that a save writes: cleared after the restore, and read back after a save. */
  readonly tables: readonly GpaRange[]
}

/** The steps, and which of them answers what. */
export interface RestoreSteps {
  readonly steps: readonly Step[]
  /** Index of RESTORE_TABLES. */
  readonly restore: number
  /** Index of the save that follows it. */
  readonly save: number
  /** Index of the dump of each range of `tables`. */
  readonly dumps: readonly number[]
}

/**
 * Restores a saved machine as the kernel documents it (arm-vgic-its.rst, "ITS Restore Sequence"): RAM and vCPUs, redistributors,
 * GITS_CBASER, the other registers, the tables, GITS_CTLR. Then saves what is mapped into cleared tables.
 */
export function restoreSteps({ ram, registers, memory, needed, tables }: SavedTables): RestoreSteps {
  const { its, redistributors } = registers
  const create: Step = {
    op: 'create_vm',
    vcpus: Math.max(...redistributors.map(({ vcpuId }) => vcpuId)) + 1,
    ram: ram.map(({ base, bytes }) => ({ base: at(base), size: at(bytes) })),
    gic_init: true,
    its_base: ITS_BASE,
  }
  const write = (reg: string, value: number | bigint): Step => ({ op: 'its_write', reg, value: at(value) })
  const before: Step[] = [
    create,
    ...needed.flatMap((range) => writtenBytes(memory, range)),
    ...redistributors.flatMap(redistributorSteps),
    write('GITS_CBASER', its.cbaser),
    write('GITS_IIDR', its.iidr),
    write('GITS_CREADR', its.creadr),
    write('GITS_CWRITER', its.cwriter),
    ...its.baser.map((value, n) => write(`GITS_BASER${n}`, value)),
  ]
  const restored: Step[] = [...before, { op: 'its_restore_tables' }, write('GITS_CTLR', its.ctlr)]
  const cleared: Step[] = [
    ...restored,
    ...tables.map(({ base, bytes }): Step => ({ op: 'mem_zero', gpa: at(base), len: at(bytes) })),
  ]
  const saved: Step[] = [...cleared, { op: 'its_save_tables' }]
  const dumps = tables.map(({ base, bytes }): Step => ({ op: 'mem_dump', what: 'saved', gpa: at(base), len: at(bytes) }))
  const last: Step = { op: 'destroy_vm', ram_kept: false }
  return {
    steps: [...saved, ...dumps, last],
    restore: before.length,
    save: cleared.length,
    dumps: dumps.map((_, n) => saved.length + n),
  }
}

function redistributorSteps({ vcpuId, propbaser, pendbaser, ctlr }: GicRegisters['redistributors'][number]): Step[] {
  const write = (reg: string, value: number | bigint): Step => ({ op: 'redist_write', cpu: vcpuId, reg, value: at(value) })
  return [write('GICR_PROPBASER', propbaser), write('GICR_PENDBASER', pendbaser), write('GICR_CTLR', ctlr)]
}

/** What is not zero in a range: RAM of a new VM is zeros. */
function writtenBytes(memory: ReadonlyMemory, { base, bytes }: GpaRange): Step[] {
  const steps: Step[] = []
  for (let page: number = base; page < base + bytes; page += PAGE_BYTES) {
    const contents = memory.read(page as Gpa, Math.min(PAGE_BYTES, base + bytes - page))
    for (const [start, end] of stretches(contents)) {
      steps.push({ op: 'mem_write', gpa: at(page + start), hex: hexBytes(contents.subarray(start, end)) })
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

const hexBytes = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
