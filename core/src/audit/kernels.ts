import {
  type ItsPlace,
  LPI_LIMIT,
  MAX_EVENTID_BITS,
  type ProfileId,
  profileWithId,
  type QuirkName,
  type Quirks,
  releasedKernels,
} from '../abi/index.ts'
import { Account, defaultBudget, shareOf } from '../budget/index.ts'
import { coalesce, type Errno, type GpaRange } from '../memory/index.ts'
import { objections, tableView } from '../tables/index.ts'
import { Alike } from './alike.ts'
import { deviceName, place } from './names.ts'
import { gapPass } from './passes/gaps.ts'
import { registerPass } from './passes/registers.ts'
import { type CallFailure, comesToTables, type RestoreAndSave, restoreAndSave } from './restore-and-save.ts'
import type { AuditInput, Scene } from './scene.ts'
import { type SimulatedRestore, simulateRestore } from './simulate.ts'
import { type Either, hanging, wayWords } from './unsettled.ts'
import { type Damage, damage, NO_DAMAGE, registerHarm, together, type Verdict, verdictOf, worst } from './verdict.ts'

/** What one kernel makes of a saved VM: the restore, and the save after it. */
export interface KernelRow extends Damage {
  readonly kernel: ProfileId
  /**
   * Undecided when the kernel reads more than was looked at: behind its tables, or tables made to be slow. And when it `hangsOn` what is
   * unknown of the kernel.
   */
  readonly verdict: Verdict
  /** Quirks of which it is unknown whether the kernel that is asked for has them, where the restore is another thing with them than without. */
  readonly hangsOn?: readonly QuirkName[]
  readonly errno: Errno | undefined
  /** The call of the restore that fails. */
  readonly failure: CallFailure | undefined
  /** The save that follows fails. */
  readonly save: CallFailure | undefined
  /** How a restore of that save differs from what was saved. */
  readonly again: string | undefined
  /** What happens to the host itself. */
  readonly hostTrouble: readonly string[]
  /** What each ITS loses and gains; the row itself says it of all together. */
  readonly itses: readonly ItsDamage[]
}

/** What one kernel's restore does to one ITS. */
export interface ItsDamage extends Damage {
  readonly its: ItsPlace
}

/**
 * Judges a saved VM, by the scenes of all its ITSes, under several kernels. Each restores a private copy, runs the commands that
 * were waiting, and saves it again; what comes back is compared with what the guest has mapped. On tables made to be slow, the
 * oldest kernels are left out; where not all of the LPI tables was loaded, all are.
 */
export function judgeKernels(scenes: readonly Scene[], kernels: readonly ProfileId[]): KernelRow[] {
  const [scene] = scenes
  if (scene === undefined) throw new RangeError('a VM without an ITS has nothing to judge')
  if (scene.areLpisUnread) return kernels.map((kernel) => unjudged(kernel, scenes))
  const judging = new Judging(scenes)
  const rank = (kernel: ProfileId) => (kernel === scene.profile.id ? 2 : Number(releasedKernels.includes(kernel)))
  const newestFirst = [...kernels].reverse().sort((a, b) => rank(b) - rank(a))
  const rows = new Map<ProfileId, KernelRow>()
  for (const kernel of newestFirst) {
    rows.set(kernel, judging.account.take(ROW_WORK) ? judging.row(kernel) : unjudged(kernel, scenes))
  }
  return kernels.map((kernel) => rows.get(kernel)!)
}

const unjudged = (kernel: ProfileId, scenes: readonly Scene[]): KernelRow => ({
  kernel,
  verdict: 'undecided',
  errno: undefined,
  failure: undefined,
  save: undefined,
  again: undefined,
  hostTrouble: [],
  ...NO_DAMAGE,
  itses: scenes.map(({ its }) => ({ its, ...NO_DAMAGE })),
})

/** What a row costs beside the restores, and how much more than a simulated restore one of a whole VM is with two saves, in steps. */
const ROW_WORK = 2 ** 12
const RESTORE_AND_SAVE = 4

type Judged = Omit<KernelRow, 'kernel'>

/** What the restore itself comes to, and not what is after it. */
function restoreOnly({ verdict, errno, itses }: Judged) {
  return verdict === 'fails' ? { verdict, errno } : { verdict, itses }
}

const hasTrouble = ({ save, again, hostTrouble }: Judged): boolean =>
  save !== undefined || again !== undefined || hostTrouble.length > 0

/** What happens after the restore one way, where it does not the other way. */
function withWay({ outcome, ...way }: Either<Judged>): Judged {
  const { save, again, hostTrouble } = outcome
  const said = (words: string) => `${wayWords(way)}, of which it is unknown whether the kernel has it: ${words}`
  return {
    ...outcome,
    save: save && { ...save, says: said(save.says) },
    again: again && said(again),
    hostTrouble: hostTrouble.map(said),
  }
}

/** What was found out about a VM for one kernel and holds for others. */
class Judging {
  readonly account: Account
  readonly #scenes: readonly Scene[]
  readonly #rows = new Alike<Judged>()
  readonly #damages = new Map<SimulatedRestore, Damage>()
  /** No kernel refuses a register before it reads a table: what it refuses there depends on no quirk. Undefined until it is known. */
  #comesToTables: boolean | undefined

  constructor(scenes: readonly Scene[]) {
    this.#scenes = scenes
    this.account = new Account(scenes[0]!.budget, 'kernels')
  }

  /** The kernel that is asked for stands in the place of the profile that it is taken for. */
  row(kernel: ProfileId): KernelRow {
    const scene = this.#scenes[0]!
    if (kernel !== scene.profile.id) return { kernel, ...this.#judged(profileWithId(kernel).quirks) }
    const judge = (quirks: Quirks) => this.#judged(quirks)
    const found = hanging(scene, judge, restoreOnly)
    if (found !== undefined) return { ...unjudged(kernel, this.#scenes), hangsOn: found.quirks }
    const after = hanging(scene, judge, (row) => row)
    const worst = after?.ways.find(({ outcome }) => hasTrouble(outcome))
    return { kernel, ...(worst === undefined ? judge(scene.profile.quirks) : withWay(worst)) }
  }

  #judged(quirks: Quirks): Judged {
    for (const scene of this.#scenes) this.account.pay(scene.restoredBy(quirks).work)
    return this.#rows.of(quirks, (asked) => this.#judge(asked))
  }

  #judge(quirks: Quirks): Judged {
    const scenes = this.#scenes
    const restored = scenes.map((scene) => scene.restoredBy(quirks))
    const itses = scenes.map((scene, i) => ({ its: scene.its, ...this.#damage(scene, restored[i]!) }))
    const tried = this.#restoreAndSave(quirks, restored)
    const failure = tried === undefined ? this.#walkFailure(restored) : tried.restore
    const verdicts = scenes.map((scene, i) => {
      const isSeen = gapPass(scene, restored[i]).length === 0
      return verdictOf(restored[i]!, registerHarm(registerPass(scene, quirks)), itses[i]!, isSeen)
    })
    const isCut = restored.some(({ cut }) => cut !== undefined)
    return {
      ...together(itses),
      itses,
      verdict: isCut ? 'undecided' : failure === undefined ? worst(verdicts) : 'fails',
      errno: failure?.errno,
      failure,
      save: tried?.save,
      again: tried?.again,
      hostTrouble: hostTrouble(scenes, restored, tried),
    }
  }

  /**
   * Undefined when the walk tells all: it fails and nothing fails before it. And when there are more events than LPIs, which no
   * sane guest has: a model of the kernel would be busy with them for long.
   */
  #restoreAndSave(quirks: Quirks, restored: readonly SimulatedRestore[]): RestoreAndSave | undefined {
    const isSane = restored.every(
      ({ cut, mappings, dropped }) => cut === undefined && mappings.events.length + dropped.size <= LPI_LIMIT,
    )
    if (!isSane) return undefined
    if (restored.some(({ objection }) => objection !== undefined)) {
      this.#comesToTables ??= comesToTables(this.#scenes)
      if (this.#comesToTables) return undefined
    }
    for (const { work } of restored) this.account.pay(RESTORE_AND_SAVE * work)
    const tried = restoreAndSave(this.#scenes, quirks, restored)
    if (tried.restore === undefined) this.#comesToTables = true
    return tried
  }

  #walkFailure(restored: readonly SimulatedRestore[]): CallFailure | undefined {
    const first = restored.findIndex(({ objection }) => objection !== undefined)
    const objection = restored[first]?.objection
    if (objection === undefined) return undefined
    const { errno, says } = objections[objection.name]
    return { call: 'RESTORE_TABLES', its: this.#scenes[first]!.its, errno, says: `${place(objection.where)}: ${says}` }
  }

  #damage(scene: Scene, restored: SimulatedRestore): Damage {
    const harm = this.#damages.get(restored) ?? damage(scene, restored)
    this.#damages.set(restored, harm)
    return harm
  }
}

function hostTrouble(
  scenes: readonly Scene[],
  restored: readonly SimulatedRestore[],
  tried: RestoreAndSave | undefined,
): string[] {
  const trouble = scenes.flatMap((scene, i) => lockups(scene, restored[i]!))
  if (tried?.hostOops) trouble.push('CVE-2026-89912: the next save follows a NULL pointer in the host')
  return trouble
}

/** Entries that a kernel reads in the twenty seconds after which a host says that it is stuck: 2^29 of them took one six, as was posted. */
const LOCKUP_ENTRIES = (2 ** 29 / 6) * 20

/** Tables that keep a kernel busy for long with every vCPU locked, however soon they are walked here. */
function lockups({ tables }: Scene, { mappings, objection, cut, entries }: SimulatedRestore): string[] {
  const isVisited = (deviceId: number) => mappings.device(deviceId) !== undefined || objection?.where.deviceId === deviceId
  const isScanned = objection?.name !== 'dte-size'
  const oversized = tables.mappings.devices.find(
    ({ deviceId, eventIdBits }) => eventIdBits > MAX_EVENTID_BITS && isScanned && isVisited(deviceId),
  )
  if (oversized !== undefined) {
    const { deviceId, eventIdBits } = oversized
    return [`soft lockup: ${deviceName(deviceId)} claims ${eventIdBits} EventID bits; all are read with every vCPU locked`]
  }
  if (entries > LOCKUP_ENTRIES) return [`soft lockup: ${entries} entries of the tables are read with every vCPU locked`]
  return cut === 'work' ? ['soft lockup: the tables are read for minutes with every vCPU locked'] : []
}

/**
 * Guest RAM that some kernels need next to be judged, in rounds as `footprint`: before 6.0.6 a jump past a table goes on reading behind
 * it. `bytes` at a time.
 */
export function overrunFootprint(input: AuditInput, kernels: readonly Quirks[], bytes: number): GpaRange[] {
  const { memory, registers, its } = input
  const view = tableView(registers, its)
  const mostWork = shareOf({ ...defaultBudget, ...input.budget }, 'restore', registers.itses.length)
  const needs = kernels
    .filter((quirks) => quirks['scan-overrun'])
    .map((quirks) => simulateRestore(memory, view, quirks, mostWork).needs)
  return coalesce(needs.flatMap((base) => (base === undefined ? [] : [{ base, bytes }])))
}
