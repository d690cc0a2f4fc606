import { type AuditInput, footprint, type Gpa, openSavedMachine, type SavedMachine } from '@vits/core'
import type { Io } from './io.ts'
import { codecs } from './node/codecs.ts'

/** Files larger than this show how far they are. */
const SLOW_BYTES = 256 * 2 ** 20

/** A saved VM with everything in memory that a restore reads. */
export interface Loaded {
  readonly machine: SavedMachine
  readonly input: AuditInput
}

/** Opens a saved VM, loads what its ITS points at, and hands it to `use`; the file is open that long. */
export async function withSavedMachine<T>(path: string, io: Io, use: (loaded: Loaded) => T | Promise<T>): Promise<T> {
  const file = await io.open(path)
  try {
    const progress = file.byteLength > SLOW_BYTES ? io.progress : undefined
    const percent = (done: number, total: number) => progress?.(`vits: ${path}: ${Math.floor((100 * done) / total)} %`)
    const machine = await openSavedMachine(file, { codecs, progress: percent })
    progress?.('')
    return await use({ machine, input: await loadTables(machine) })
  } finally {
    await file.close()
  }
}

/** Loads the tables round by round: each round's pages say what the next one needs. */
async function loadTables(machine: SavedMachine): Promise<AuditInput> {
  const { registers, itsCount, msi } = machine
  const memory = machine.memory()
  const missing: Gpa[] = []
  for (;;) {
    const ranges = footprint(memory, registers)
    if (ranges.length === 0) return { memory, registers, itsCount, msi, missing }
    for (const page of machine.missingPages(ranges)) missing.push(page)
    await machine.load(memory, ranges)
  }
}
