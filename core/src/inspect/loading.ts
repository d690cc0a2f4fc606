import { ID_LIMIT, type Quirks } from '../abi/index.ts'
import { overrunFootprint, type Scene } from '../audit/index.ts'
import { Account, type Budget, shareOf } from '../budget/index.ts'
import type { SavedMachine } from '../formats/index.ts'
import { type DevicesOfItt, type GuestKernel, readGuestKernel } from '../guest-kernel/index.ts'
import { coalesce, type Gpa, type GpaRange, type LoadableMemory, PAGE_BYTES } from '../memory/index.ts'
import { repairFootprint } from '../repair/index.ts'
import { ringWords } from '../virtio/index.ts'

/** The guest RAM of a saved machine, with everything in it that a restore, an audit or a repair reads. */
export interface Loaded {
  readonly memory: LoadableMemory
  /** The parts of RAM that are in memory. */
  readonly ranges: readonly GpaRange[]
  /** Pages of those that the file holds no record of: they read as zeros. */
  readonly missing: readonly Gpa[]
  /** What the guest's kernel has in RAM of its ITSes; undefined where it was not looked for. */
  readonly guestKernel?: GuestKernel
}

/** Loads round by round: each round's pages say what the next one needs. */
export async function loadTables(machine: SavedMachine, budget: Budget): Promise<Loaded> {
  const memory = machine.memory()
  const missing: Gpa[] = []
  const ranges: GpaRange[] = []
  const queueItts = shareOf(budget, 'queueItts', machine.registers.itses.length)
  const room = new Account(budget, 'tables')
  for (;;) {
    const next = within(neededNext(machine, memory, queueItts), room)
    if (next.length === 0) {
      ranges.push(...(await loadRings(machine, memory, room)))
      return { memory, ranges: coalesce(ranges), missing }
    }
    for (const page of machine.missingPages(next)) missing.push(page)
    await machine.load(memory, next)
    ranges.push(...next)
  }
}

/** Loads the pages of virtqueues that tell of notifications. */
async function loadRings(machine: SavedMachine, memory: LoadableMemory, room: Account): Promise<readonly GpaRange[]> {
  const words = ringWords(machine.virtio).filter(({ base, bytes }) => memory.contains(base, bytes))
  const pages = within(coalesce(words.map(pagesOf)), room)
  await machine.load(memory, pages)
  return pages
}

/** The one or two pages that a few bytes lie in. */
function pagesOf({ base, bytes }: GpaRange): GpaRange {
  const first = base - (base % PAGE_BYTES)
  return { base: first as Gpa, bytes: Math.ceil((base + bytes - first) / PAGE_BYTES) * PAGE_BYTES }
}

/** What the ITSes need next, those of one after the other. */
function neededNext({ registers }: SavedMachine, memory: LoadableMemory, queueItts: number): GpaRange[] {
  return coalesce(registers.itses.flatMap((_, its) => repairFootprint(memory, registers, its, queueItts)))
}

/** The ranges that there is room for. */
const within = (ranges: readonly GpaRange[], room: Account): GpaRange[] => ranges.filter(({ bytes }) => room.take(bytes))

const FIRST_OVERRUN = 2 ** 20

/** Loads what lies behind the tables of every ITS, as far as one of the kernels reads there, and tells what that was. */
export async function loadOverruns(
  machine: SavedMachine,
  { memory }: Loaded,
  kernels: readonly Quirks[],
  budget: Budget,
): Promise<GpaRange[]> {
  const { registers } = machine
  const room = new Account(budget, 'overruns')
  const loaded: GpaRange[] = []
  for (let bytes = FIRST_OVERRUN; ; bytes *= 2) {
    const ranges = registers.itses.flatMap((_, its) => overrunFootprint({ memory, registers, its, budget }, kernels, bytes))
    if (ranges.length === 0 || !room.take(ranges.reduce((sum, range) => sum + range.bytes, 0))) break
    await machine.load(memory, ranges)
    loaded.push(...ranges)
  }
  return loaded
}

interface KernelSearch {
  readonly budget: Budget
  readonly everywhere: boolean
  /** Search for what it has of the redistributors as well. */
  readonly redistributors: boolean
  readonly progress: ((done: number, total: number) => void) | undefined
}

/** Searches RAM for what the guest's kernel knows itself, and loads the pending tables that it has. */
export async function loadGuestKernel(
  machine: SavedMachine,
  scenes: readonly Scene[],
  memory: LoadableMemory,
  { budget, everywhere, redistributors, progress }: KernelSearch,
): Promise<GuestKernel> {
  const { registers } = machine
  const found = await readGuestKernel(machine, registers.itses, {
    budget,
    everywhere,
    itts: scenes.map(devicesOfItt),
    ...(redistributors && { redistributors: registers.redistributors }),
    ...(progress && { progress }),
  })
  if (found.redistributors === undefined || 'missing' in found.redistributors) return found
  const tables = found.redistributors.found.vcpus.map(({ pendingTable: base }) => ({ base, bytes: ID_LIMIT / 8 }))
  await machine.load(memory, tables)
  return { ...found, read: coalesce([...found.read, ...tables]) }
}

function devicesOfItt({ tables: { mappings } }: Scene): DevicesOfItt {
  const devices = new Map<number, number[]>()
  for (const { ittAddr, deviceId } of mappings.devices) {
    const sharing = devices.get(ittAddr)
    if (sharing === undefined) devices.set(ittAddr, [deviceId])
    else sharing.push(deviceId)
  }
  return devices
}
