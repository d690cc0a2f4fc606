import {
  type AuditInput,
  coalesce,
  footprint,
  type Gpa,
  type GpaRange,
  type LoadableMemory,
  openSavedMachine,
  overrunFootprint,
  profileIds,
  type SavedMachine,
} from '@vits/core'
import type { FileIdentity } from './disk.ts'
import type { Io } from './io.ts'
import { codecs } from './node/codecs.ts'

/** Files larger than this show how far they are. */
export const SLOW_BYTES = 256 * 2 ** 20

/** A saved VM with everything in memory that a restore reads. */
export interface Loaded {
  readonly machine: SavedMachine
  readonly input: AuditInput & { readonly memory: LoadableMemory }
  /** The parts of RAM that are in memory. */
  readonly loaded: readonly GpaRange[]
  /** What each of the machine's files was when it was opened, by its name; those that are not on the disk are not there. */
  readonly identities: ReadonlyMap<string, FileIdentity>
}

/** Names what has to be loaded next, see `footprint` of core. */
type Footprint = typeof footprint

/** Opens a saved VM, loads what its ITS points at, and hands it to `use`; the file is open that long. */
export async function withSavedMachine<T>(
  path: string,
  io: Io,
  use: (loaded: Loaded) => T | Promise<T>,
  next: Footprint = footprint,
): Promise<T> {
  const identity = await io.disk.identity(path)
  const identities = new Map(identity && [[path, identity]])
  const file = await io.open(path)
  try {
    const progress = file.byteLength > SLOW_BYTES ? io.progress : undefined
    const percent = (done: number, total: number) => progress?.(`vits: ${path}: ${Math.floor((100 * done) / total)} %`)
    const machine = await openSavedMachine([{ name: path, source: file }], { codecs, progress: percent })
    progress?.('')
    return await use({ machine, identities, ...(await loadTables(machine, next)) })
  } finally {
    await file.close()
  }
}

/** Tables larger than this are no sane guest's; what is beyond is not loaded, and the report says that the walk was cut. */
const MOST_TABLE_BYTES = 2 ** 30

/** Loads the tables round by round: each round's pages say what the next one needs. */
async function loadTables(machine: SavedMachine, next: Footprint): Promise<Pick<Loaded, 'input' | 'loaded'>> {
  const { registers, msi, unlocated } = machine
  const memory = machine.memory()
  const missing: Gpa[] = []
  const loaded: GpaRange[] = []
  for (let room = MOST_TABLE_BYTES; ; ) {
    const ranges = within(next(memory, registers), room)
    room -= ranges.reduce((sum, { bytes }) => sum + bytes, 0)
    if (ranges.length === 0) return { input: { memory, registers, msi, unlocated, missing }, loaded: coalesce(loaded) }
    for (const page of machine.missingPages(ranges)) missing.push(page)
    await machine.load(memory, ranges)
    loaded.push(...ranges)
  }
}

/** The first ranges that have room together. */
function within(ranges: readonly GpaRange[], room: number): GpaRange[] {
  let left = room
  return ranges.filter(({ bytes }) => {
    left -= bytes
    return left >= 0
  })
}

/** How far behind its tables a kernel is followed that runs past them. */
const MOST_OVERRUN_BYTES = 2 ** 28

/** Loads what lies behind the tables, as far as some kernel reads there. */
export async function loadOverruns({ machine, input }: Loaded): Promise<void> {
  for (let bytes = 2 ** 20; bytes <= MOST_OVERRUN_BYTES; bytes *= 2) {
    const ranges = overrunFootprint(input, profileIds, bytes)
    if (ranges.length === 0) return
    await machine.load(input.memory, ranges)
  }
}
