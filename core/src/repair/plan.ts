import { type GicRegisters, type ItsPlace, releasedKernels } from '../abi/index.ts'
import { audit, type EventId, judgeKernels, type KernelRow, problemRow, type Report, type Scene } from '../audit/index.ts'
import type { GuestMemory } from '../memory/index.ts'
import { type Blockage, blockage } from './blockage.ts'
import { ChangedVm } from './changed-vm.ts'
import { writeHeads } from './heads.ts'
import { Mending } from './mending.ts'
import type { PlannedWrite } from './overlay.ts'
import { type KernelProof, type Obstacle, prove } from './proof.ts'
import type { PlannedRegister } from './register-overlay.ts'
import type { RepairOptions } from './repair-options.ts'
import { Spending } from './spending.ts'

/** What a repair does to one ITS. */
export interface ItsPlan {
  readonly its: ItsPlace
  readonly before: Report
  readonly after: Report
  /** Events that the guest has mapped and that no restore of the result brings back: it must set them up again. */
  readonly lost: readonly EventId[]
  /** Devices of which the same is true, those without an event included. */
  readonly lostDevices: readonly number[]
}

/** A repair, thought through to its end and not written anywhere. */
export interface RepairPlan {
  /** In the order of the scenes. */
  readonly itses: readonly [ItsPlan, ...ItsPlan[]]
  /** Every word that changes, in address order; none when there is nothing that may be done. */
  readonly writes: readonly PlannedWrite[]
  /** Every register of the file that changes. */
  readonly registerWrites: readonly PlannedRegister[]
  /** The registers with those changes. */
  readonly registers: GicRegisters
  /** What each kernel makes of the VM before and after. */
  readonly kernels: readonly KernelProof[]
  /** Why the result is not proven good, and must not be written; empty when it is. */
  readonly obstacles: readonly Obstacle[]
  /** Guest RAM with the words changed; its dirty pages are those that have to be written back. */
  readonly memory: GuestMemory
}

/** The scenes of all ITSes of a VM. */
type Scenes = readonly [Scene, ...Scene[]]

/**
 * Plans the smallest change after which a restore brings back what the guest has mapped and nothing else, and proves it: each
 * ITS is mended in turn and audited again until nothing more is found, and the whole VM is restored under every kernel profile.
 * When only older kernels stand in the way, the chains are sealed too.
 *
 * `scenes` are those of all ITSes of the VM, of which every page that `repairFootprint` names must be loaded.
 *
 * @throws RangeError without a scene, or when a rebuild is asked for and the history does not hold everything.
 */
export function planRepair(scenes: readonly Scene[], options: RepairOptions): RepairPlan {
  if (!hasAny(scenes)) throw new RangeError('a VM without an ITS has nothing to repair')
  const judged = new Judged(scenes)
  const plan = plannedOnce(scenes, options, judged)
  const chosen = scenes[0].profile.id
  const elsewhere = plan.obstacles.length > 0 && plan.obstacles.every(({ kernel }) => kernel !== chosen)
  if (options.seal || !elsewhere) return plan
  const sealed = plannedOnce(scenes, { ...options, seal: true }, judged)
  return sealed.obstacles.length === 0 ? sealed : plan
}

const hasAny = (scenes: readonly Scene[]): scenes is Scenes => scenes.length > 0

/** What every released kernel makes of a VM as it was saved: asked for at most once. */
class Judged {
  readonly #scenes: readonly Scene[]
  #rows: readonly KernelRow[] | undefined

  constructor(scenes: readonly Scene[]) {
    this.#scenes = scenes
  }

  get rows(): readonly KernelRow[] {
    this.#rows ??= judgeKernels(this.#scenes, releasedKernels)
    return this.#rows
  }
}

function plannedOnce(scenes: Scenes, options: RepairOptions, judged: Judged): RepairPlan {
  const blocked = scenes.map((scene) => blockage(audit(scene).findings, 'repair')).find((found) => found !== undefined)
  if (blocked !== undefined) return unplanned(scenes, blocked)
  const changed = new ChangedVm(scenes)
  const spending = new Spending(scenes[0].budget)
  for (const index of scenes.keys()) mend(scenes[index]!, index, { changed, spending }, options)
  const { overlay } = changed
  const beforeHeads = options.heads === undefined ? undefined : changed.scenes
  for (const scene of beforeHeads ?? []) {
    overlay.its = scene.its.index
    writeHeads(overlay, scene, options.heads!, spending)
  }
  const after = changed.scenes
  const { kernels, obstacles, losses, reports } = prove({
    before: scenes,
    after,
    beforeHeads,
    was: () => judged.rows,
    isExhausted: isExhausted(options),
  })
  return {
    itses: eachIts(scenes, (scene, i) => ({
      its: scene.its,
      before: audit(scene),
      after: reports[i]!,
      lost: [...losses[i]!.events()],
      lostDevices: [...losses[i]!.devices],
    })),
    writes: overlay.writes,
    registerWrites: changed.registers.writes,
    registers: changed.registers.result(),
    memory: overlay.result(),
    kernels,
    obstacles: [...spending.obstacles, ...obstacles],
  }
}

function eachIts<T>(scenes: Scenes, of: (scene: Scene, index: number) => T): [T, ...T[]] {
  const [first, ...others] = scenes
  return [of(first, 0), ...others.map((scene, i) => of(scene, i + 1))]
}

interface UnderRepair {
  readonly changed: ChangedVm
  readonly spending: Spending
}

/** Mends the ITS at `index` until an audit finds nothing more that can be done. */
function mend(scene: Scene, index: number, { changed, spending }: UnderRepair, options: RepairOptions): void {
  const { overlay } = changed
  overlay.its = scene.its.index
  const report = audit(scene)
  const wanted = isWanted(report, options) ? options : besideRestore(report, options)
  const mending = new Mending(scene, wanted ?? options, changed, spending)
  if (options.rebuild) mending.rebuild()
  for (let isChanged = wanted !== undefined; isChanged && spending.round(); ) {
    const { scenes } = changed
    isChanged = mending.step(scenes[index]!)
    if (scenes[index] !== scene) for (const { work } of scenes) spending.account.pay(work)
  }
}

/** Tables of which not everything was looked at cannot be proven good, whatever is done to them. */
function unplanned(scenes: Scenes, { code, because }: Blockage): RepairPlan {
  return {
    itses: eachIts(scenes, (scene) => ({
      its: scene.its,
      before: audit(scene),
      after: audit(scene),
      lost: [],
      lostDevices: [],
    })),
    writes: [],
    registerWrites: [],
    registers: scenes[0].registers,
    kernels: [],
    obstacles: [{ kernel: '', says: `${code}: ${because}` }],
    memory: scenes[0].memory.fork(),
  }
}

/** A VM that restores cleanly is left alone unless somebody asks for more. */
const isWanted = ({ verdict }: Report, { allow, rebuild, seal, strict }: RepairOptions): boolean =>
  verdict !== 'restores' || typeof allow === 'object' || rebuild === true || seal === true || strict === true

/** What is to be mended of a VM that restores cleanly, where everything may be: what a restore does not show. */
function besideRestore({ findings }: Report, options: RepairOptions): RepairOptions | undefined {
  const codes = findings.map(({ code }) => code).filter((code) => problemRow(code).beyondRestore === true)
  return options.allow === 'everything' && codes.length > 0 ? { ...options, allow: new Set(codes) } : undefined
}

/** Everything that could bring an event back was tried. */
const isExhausted = ({ allow, rebuild }: RepairOptions): boolean => allow === 'everything' || rebuild === true
