import { ID_LIMIT, type Quirks } from '../abi/index.ts'
import { overrunFootprint, type Scene } from '../audit/index.ts'
import { Account, type Budget, shareOf, ZERO_PAGE } from '../budget/index.ts'
import type { SavedMachine } from '../formats/index.ts'
import { type DevicesOfItt, type GuestKernel, readGuestKernel } from '../guest-kernel/index.ts'
import { coalesce, type Gpa, type GpaRange, type LoadableMemory, PAGE_BYTES } from '../memory/index.ts'
import { type IttRoom, repairFootprint } from '../repair/index.ts'
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
  const cost = costIn(machine)
  const queueItts = { most: shareOf(budget, 'queueItts', machine.registers.itses.length), cost }
  const room = new Account(budget, 'tables')
  const within = (wanted: readonly GpaRange[]) => wanted.filter((range) => room.take(cost(range)))
  for (;;) {
    const next = within(neededNext(machine, memory, queueItts))
    if (next.length === 0) {
      ranges.push(...(await loadRings(machine, memory, within)))
      return { memory, ranges: coalesce(ranges), missing }
    }
    for (const page of machine.missingPages(next)) missing.push(page)
    await machine.load(memory, next)
    ranges.push(...next)
  }
}

/** What loading a part of RAM is, of the bytes of a budget: what is known to be zeros is not read. */
const costIn = (machine: SavedMachine) => (range: GpaRange) => {
  const zeros = bytesOf(machine.zeros([range]))
  return Math.max(0, range.bytes - zeros) + (zeros / PAGE_BYTES) * ZERO_PAGE
}

const bytesOf = (ranges: readonly GpaRange[]): number => ranges.reduce((sum, { bytes }) => sum + bytes, 0)

/** Loads the pages of virtqueues that tell of notifications. */
async function loadRings(
  machine: SavedMachine,
  memory: LoadableMemory,
  within: (ranges: readonly GpaRange[]) => readonly GpaRange[],
): Promise<readonly GpaRange[]> {
  const words = ringWords(machine.virtio).filter(({ base, bytes }) => memory.contains(base, bytes))
  const pages = within(coalesce(words.map(pagesOf)))
  await machine.load(memory, pages)
  return pages
}

/** The one or two pages that a few bytes lie in. */
function pagesOf({ base, bytes }: GpaRange): GpaRange {
  const first = base - (base % PAGE_BYTES)
  return { base: first as Gpa, bytes: Math.ceil((base + bytes - first) / PAGE_BYTES) * PAGE_BYTES }
}

/** What the ITSes need next, those of one after the other. */
function neededNext({ registers }: SavedMachine, memory: LoadableMemory, queueItts: IttRoom): GpaRange[] {
  return coalesce(registers.itses.flatMap((_, its) => repairFootprint(memory, registers, its, queueItts)))
}

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
  const cost = costIn(machine)
  const loaded: GpaRange[] = []
  for (let bytes = FIRST_OVERRUN; ; bytes *= 2) {
    const ranges = registers.itses.flatMap((_, its) => overrunFootprint({ memory, registers, its, budget }, kernels, bytes))
    if (ranges.length === 0 || !room.take(ranges.reduce((sum, range) => sum + cost(range), 0))) break
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
