import {
  type KvmLists,
  NEWEST,
  type Profile,
  type ProfileId,
  profileIds,
  profileOf,
  profileWithId,
  quirkSetsOf,
} from '../abi/index.ts'
import {
  audit,
  type Beliefs,
  judgeKernels,
  type KernelRow,
  type PendingView,
  pendingView,
  type QueueCommand,
  queueCommands,
  type Report,
  type Scene,
  setScenes,
  sharedPendingTables,
  traceWalk,
  type View,
  type Viewpoint,
  viewFrom,
  type WalkTrace,
} from '../audit/index.ts'
import { type Budget, defaultBudget } from '../budget/index.ts'
import { changedPages, type SavedMachine } from '../formats/index.ts'
import { coalesce, elementAt, type ReadonlyMemory } from '../memory/index.ts'
import { planRepair, type RepairOptions, type RepairPlan } from '../repair/index.ts'
import { type Loaded, loadGuestKernel, loadOverruns, loadTables } from './loading.ts'

export interface InspectOptions {
  /** The kernel that restores: the newest when not named. One that somebody names is `profileOfKernel(name).judged`. */
  readonly kernel?: ProfileId | Profile
  /** Kernels that `judge` will be asked about besides: what they read behind the tables is loaded. All of them when not named. */
  readonly judges?: readonly ProfileId[]
  /** What may be spent on it; what is beyond is said to be not looked at, and no verdict is clean then. */
  readonly budget?: Partial<Budget>
  /**
   * Whether RAM is searched for what the guest's kernel knows itself: when the command queue does not tell everything, witnesses
   * disagree or vCPUs share a pending table, the default; in any case, and then in all of RAM; or not at all.
   */
  readonly guestKernel?: 'needed' | 'always' | 'never'
  /** What KVM's debugfs told of the VM while it ran. */
  readonly kvmLists?: KvmLists
  /** Bytes of RAM that were searched for it, and all that may be. */
  readonly progress?: (done: number, total: number) => void
}

/**
 * Loads what decides about the interrupts of a saved machine, round by round and within a budget, and sets the scene of each of its
 * ITSes. Everything after that is synchronous, reads memory only and changes no file.
 *
 * @throws FormatError where the file ends before its contents.
 */
export async function inspect(machine: SavedMachine, options: InspectOptions = {}): Promise<Inspection> {
  const { judges = profileIds } = options
  const budget = { ...defaultBudget, ...options.budget }
  const tables = await loadTables(machine, budget)
  const kernels = [...quirkSetsOf(profileOf(options.kernel ?? NEWEST)), ...judges.map((id) => profileWithId(id).quirks)]
  const behind = await loadOverruns(machine, tables, kernels, budget)
  const loaded = { ...tables, ranges: coalesce([...tables.ranges, ...behind]) }
  const inspection = new Inspection(machine, loaded, options)
  const { guestKernel: wanted = 'needed', progress } = options
  const isDoubted = sharedPendingTables(machine.registers.redistributors).size > 0
  if (wanted === 'never' || (wanted === 'needed' && !isDoubted && !inspection.scenes.some(isUnsure))) return inspection
  const redistributors = wanted === 'always' || isDoubted
  const how = { budget, everywhere: wanted === 'always', redistributors, progress }
  const guestKernel = await loadGuestKernel(machine, inspection.scenes, loaded.memory, how)
  return new Inspection(machine, { ...loaded, guestKernel }, options)
}

/** What the guest has mapped is not known whole, or witnesses disagree about it. */
const isUnsure = ({ beliefs }: Scene): boolean => !beliefs.isWhole || beliefs.disputed.length > 0

/** A saved machine that can be asked about its interrupts. What one question finds out, the next one knows. */
export class Inspection {
  readonly machine: SavedMachine
  readonly kernel: ProfileId
  readonly loaded: Loaded
  /** What is known of each ITS, in the order of the registers. */
  readonly scenes: readonly Scene[]
  readonly #budget: InspectOptions['budget']
  readonly #kvmLists: KvmLists | undefined

  constructor(machine: SavedMachine, loaded: Loaded, { kernel = NEWEST, budget, kvmLists }: InspectOptions = {}) {
    const profile = profileOf(kernel)
    const { registers, msi, virtio, vcpus, unlocated } = machine
    const { memory, missing, guestKernel } = loaded
    this.machine = machine
    this.kernel = profile.id
    this.loaded = loaded
    this.#budget = budget
    this.#kvmLists = kvmLists
    this.scenes = setScenes({
      memory,
      registers,
      msi,
      virtio,
      vcpus,
      unlocated,
      missing,
      profile,
      ...(guestKernel && { guestKernel: guestKernel.itses }),
      ...(guestKernel?.redistributors && { guestRedistributors: guestKernel.redistributors }),
      ...(kvmLists && { kvmLists }),
      ...(budget && { budget }),
    })
  }

  /** The same machine, restored by another kernel. */
  restoredBy(kernel: ProfileId | Profile): Inspection {
    const [budget, kvmLists] = [this.#budget, this.#kvmLists]
    return new Inspection(this.machine, this.loaded, { kernel, ...(budget && { budget }), ...(kvmLists && { kvmLists }) })
  }

  get memory(): ReadonlyMemory {
    return this.loaded.memory
  }

  /** What the next restore does to each ITS, every problem there is, and who says so. */
  audit(): readonly Report[] {
    return this.scenes.map(audit)
  }

  /** What each of the kernels makes of the whole VM: the restore, and the save after it. */
  judge(kernels: readonly ProfileId[] = profileIds): readonly KernelRow[] {
    return judgeKernels(this.scenes, kernels)
  }

  /** The smallest change after which a restore brings back what the guest has mapped, with its proof. Nothing is written. */
  plan(options: RepairOptions = { allow: 'proven' }): RepairPlan {
    return planRepair(this.scenes, options)
  }

  /** Collections and devices with their events from one viewpoint. */
  view(viewpoint: Viewpoint, its = 0): View {
    return viewFrom(this.#scene(its), viewpoint)
  }

  /** What is pending on each vCPU of the VM, and what the LPI tables hold of each event of one ITS. */
  pending(its = 0): PendingView {
    return pendingView(this.#scene(its))
  }

  /** The way of the restore through the tables: its order, what it skips and jumps over, and why it ends. */
  trace(its = 0): WalkTrace {
    return traceWalk(this.#scene(its))
  }

  /** What the witnesses say of each device and event. */
  beliefs(its = 0): Beliefs {
    return this.#scene(its).beliefs
  }

  /** The commands that are still in the queue, in the order in which the guest wrote them. */
  history(its = 0): readonly QueueCommand[] {
    return queueCommands(this.memory, this.#scene(its).saved)
  }

  /** The edits of the machine's files that a plan asks for; everything else stays byte-identical. See `applyEdits`. */
  edits(plan: RepairPlan): ReturnType<SavedMachine['edits']> {
    return this.machine.edits(changedPages(plan.memory), plan.registers)
  }

  #scene(its: number): Scene {
    return elementAt(this.scenes, 'ITS', its)
  }
}
