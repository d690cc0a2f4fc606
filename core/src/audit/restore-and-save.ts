import {
  KVM_DEV_ARM_CTRL as CTRL,
  FIRST_LPI,
  GICR_PENDBASER,
  GICR_PROPBASER,
  type GicRegisters,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  type ItsPlace,
  LPI_LIMIT,
  type Quirks,
} from '../abi/index.ts'
import { type KvmIts, type RestoreStep, restoreOrder, restoreSteps, restoreVm } from '../kvm/index.ts'
import { type Errno, type Gpa, type GuestMemory, type Outcome, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import { restoresWith } from '../seal/index.ts'
import { lpiRanges } from '../tables/index.ts'
import { ifThere } from './if-there.ts'
import type { Mappings } from './mappings.ts'
import { place } from './names.ts'
import type { Scene } from './scene.ts'
import type { SimulatedRestore } from './simulate.ts'

/** How a call at the ioctl boundary failed. */
export interface CallFailure {
  /** The attribute that was written: `GITS_CREADR`, `RESTORE_TABLES`. */
  readonly call: string
  /** The ITS that was called; undefined where it was the GIC. */
  readonly its: ItsPlace | undefined
  readonly errno: Errno
  readonly says: string
}

/** What a kernel does with a saved VM from restore to the save after it. */
export interface RestoreAndSave {
  /** The first call of the restore that fails. */
  readonly restore: CallFailure | undefined
  readonly save: CallFailure | undefined
  /** The save does not fail: it takes the host down. */
  readonly hostOops: boolean
  /** What a restore of that save gives: undefined when exactly what was saved. */
  readonly again: string | undefined
}

/**
 * Restores a private copy of the VM with the ITSes that are looked at on a model of the kernel, and saves it again: registers,
 * tables, commands that were waiting. `restored` is what the walk of each gave: it must have come to its end.
 */
export function restoreAndSave(scenes: readonly Scene[], quirks: Quirks, restored: readonly SimulatedRestore[]): RestoreAndSave {
  const [{ memory, registers }] = scenes as readonly [Scene]
  const back = restoreVm(withLpiBytes(memory, registers, restored), lookedAt(scenes, registers), { quirks })
  if (!back.ok) return { ...NOTHING, restore: failure(callOf(back.step), scenes[back.its?.index ?? -1], back) }
  const { itses } = back.value.vm
  for (const [n, its] of itses.entries()) {
    const saved = its.setAttr(GRP.CTRL, BigInt(CTRL.ITS_SAVE_TABLES))
    if (!saved.ok) return { ...NOTHING, save: failure('SAVE_TABLES', scenes[n], saved), hostOops: saved.hostOops === true }
  }
  const again = itses.map((its) => restoreAgain(its, quirks))
  const first = again.findIndex((difference) => difference !== undefined)
  if (first < 0) return NOTHING
  return { ...NOTHING, again: scenes.length === 1 ? again[first] : `ITS ${scenes[first]!.its.index}: ${again[first]}` }
}

/** Every step of the restore before RESTORE_TABLES succeeds. */
export function comesToTables(scenes: readonly Scene[]): boolean {
  const [{ memory, registers }] = scenes as readonly [Scene]
  const order = restoreOrder.slice(0, restoreOrder.indexOf('restore-tables'))
  return restoreVm(memory.fork(), lookedAt(scenes, registers), { order }).ok
}

/** The registers of the ITSes that are looked at, with those of the redistributors. */
const lookedAt = (scenes: readonly Scene[], registers: GicRegisters): GicRegisters => ({
  ...registers,
  itses: scenes.map(({ saved }) => saved),
})

const NOTHING: RestoreAndSave = { restore: undefined, save: undefined, hostOops: false, again: undefined }

const callOf = (step: RestoreStep) => (step === 'restore-tables' ? 'RESTORE_TABLES' : restoreSteps[step])

function failure(
  call: string,
  scene: Scene | undefined,
  { errno, reason, where }: Extract<Outcome<unknown>, { ok: false }>,
): CallFailure {
  return { call, its: scene?.its, errno, says: where === undefined ? reason : `${place(where)}: ${reason}` }
}

/**
 * A private copy of guest RAM. KVM reads the configuration and the pending bit of each LPI that it maps, also of those for which
 * GICR_PROPBASER has no room: what was not loaded of them is zeros here, and what it holds does not matter.
 */
function withLpiBytes(memory: ReadonlyMemory, registers: GicRegisters, restored: readonly SimulatedRestore[]): GuestMemory {
  return memory.fork(unreadLpiPages(registers, restored))
}

/** An address in each page with bytes of LPIs that `lpiRanges` does not name. */
function* unreadLpiPages(registers: GicRegisters, restored: readonly SimulatedRestore[]): Generator<Gpa> {
  const tables = registers.redistributors.map(({ propbaser, pendbaser }) => ({
    ...GICR_PROPBASER.unpack(propbaser),
    pending: GICR_PENDBASER.unpack(pendbaser).address,
  }))
  const named = lpiRanges(registers).length === 0 ? 0 : Math.min(LPI_LIMIT, ...tables.map(({ idBits }) => 2 ** (idBits + 1)))
  const lpis = restored.flatMap(({ mappings, dropped }) => [...lpisFrom(named, mappings), ...dropped])
  const pages = (places: readonly number[]) => new Set(places.map((place) => place - (place % PAGE_BYTES)))
  const [configuration, pending] = [pages(lpis.map((lpi) => lpi - FIRST_LPI)), pages(lpis.map((lpi) => lpi >>> 3))]
  for (const table of tables) {
    for (const page of configuration) yield (table.address + page) as Gpa
    for (const page of pending) yield (table.pending + page) as Gpa
  }
}

const lpisFrom = (first: number, { events: { lpi, length } }: Mappings): Iterable<number> =>
  lpi.subarray(0, length).filter((one) => one >= first)

function restoreAgain({ its }: KvmIts, quirks: Quirks): string | undefined {
  // A kernel that runs past a second-level page may come to RAM that nobody has loaded.
  const answer = ifThere(() => restoresWith(its, quirks))
  if (answer === undefined) return 'its restore reads guest RAM that was not looked at'
  if (answer.restores === 'exactly') return undefined
  return answer.restores === 'not' ? `${answer.errno}: ${answer.reason}` : answer.difference
}
