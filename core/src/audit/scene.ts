import {
  ENTRY_BYTES,
  GICR_PROPBASER,
  type GicRegisters,
  type ItsPlace,
  type KvmLists,
  LPI_LIMIT,
  type MsiFunction,
  NEWEST,
  type Profile,
  profiles,
  type Quirks,
  queueShape,
  type SavedIts,
  type SavedVcpu,
  savedIts,
} from '../abi/index.ts'
import { type Budget, defaultBudget, shareOf, type Use } from '../budget/index.ts'
import type { KernelOutcome, RedistributorOutcome } from '../guest-kernel/index.ts'
import { counted, type Gpa, type GpaRange, INSPECT, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import { lpiConfiguration, lpiRanges, registerRanges, type TableView, tableView } from '../tables/index.ts'
import type { VirtioDevice } from '../virtio/index.ts'
import { Alike } from './alike.ts'
import { Beliefs } from './beliefs.ts'
import { chainDenies } from './chain-witness.ts'
import { DeviceNames } from './device-names.ts'
import { guestKind } from './guest-kind.ts'
import { type History, readHistory } from './history.ts'
import { KernelWitness } from './kernel-witness.ts'
import type { Mappings } from './mappings.ts'
import { once } from './once.ts'
import { isOfThisLife, pciTestimonies } from './pci-witness.ts'
import type { CanBeMapped } from './replay.ts'
import { unsentDevices } from './ring.ts'
import { type SimulatedRestore, simulateRestore, sweep, type Tables } from './simulate.ts'
import { Unread } from './unlocated.ts'

/** What an audit looks at. Every page that a restore reads must be loaded, and nothing may be written while it is looked at. */
export interface AuditInput {
  readonly memory: ReadonlyMemory
  readonly registers: GicRegisters
  /** Index of the ITS that is looked at; the first when not told. */
  readonly its?: number
  readonly msi?: readonly MsiFunction[]
  /** The virtio functions among them; see `SavedMachine`. The words of their rings must be loaded. */
  readonly virtio?: readonly VirtioDevice[]
  /** In the order of the redistributors. */
  readonly vcpus?: readonly SavedVcpu[]
  /** Pages of the tables that the file holds no record of. */
  readonly missing?: readonly Gpa[]
  /** Where guest RAM may be whose address the file does not tell; see `SavedMachine`. */
  readonly unlocated?: readonly GpaRange[]
  /** What the guest's own kernel has in RAM of each ITS; nothing where it was not looked for. */
  readonly guestKernel?: readonly KernelOutcome[]
  /** What it has of the redistributors; undefined where that was not looked for. Their pending tables must be loaded too. */
  readonly guestRedistributors?: RedistributorOutcome
  /** What KVM's debugfs told of the VM, at another moment; nothing where no text of it was given. */
  readonly kvmLists?: KvmLists
  /** The kernel that restores; the newest when not named. */
  readonly profile?: Profile
  /** What may be spent on it, where that differs from the usual. */
  readonly budget?: Partial<Budget>
}

/**
 * One ITS of a saved VM at one state of guest RAM: what lies in its tables, what a restore makes of them, what the guest has
 * mapped. Each is worked out when it is first asked for, and then kept: whoever looks at the same state shares it.
 */
export class Scene {
  readonly memory: ReadonlyMemory
  readonly registers: GicRegisters
  readonly its: ItsPlace
  /** The registers of this ITS. */
  readonly saved: SavedIts
  readonly view: TableView
  /** The kernel that restores. */
  readonly profile: Profile
  readonly budget: Budget
  /** Steps of work that it has cost so far. */
  work = 0
  /** Pages of the tables that the file holds no record of. */
  readonly missing: readonly Gpa[]
  /** The scenes of all ITSes of the VM that are looked at, this one among them, in the order of the registers. */
  readonly vm: readonly Scene[]
  readonly #input: AuditInput
  readonly #beliefs: () => Beliefs
  readonly #names = once(() => new DeviceNames(this.registers, this.its.index, this.#input))
  readonly #tables = once(() => this.#swept())
  readonly #unread = once(() => new Unread(this.#input, this.#tables))
  readonly #lpisUnread = once(() => lpiRanges(this.registers).some(({ base, bytes }) => !this.memory.isLoaded(base, bytes)))
  readonly #restores = new Alike<SimulatedRestore>()
  readonly #worked = new Map<(scene: Scene) => unknown, unknown>()

  /** `beliefs`: those of an earlier state, where the witnesses are the same. */
  constructor(input: AuditInput, vm: readonly Scene[], beliefs?: () => Beliefs) {
    const { memory, registers, its: index = 0, msi = [], missing = [], profile = profiles[NEWEST], budget } = input
    this.#input = input
    this.memory = memory
    this.registers = registers
    this.saved = savedIts(registers, index)
    this.its = { index, base: this.saved.base }
    this.view = tableView(registers, index)
    this.profile = profile
    this.budget = { ...defaultBudget, ...budget }
    this.missing = missing
    this.vm = vm
    this.#beliefs = beliefs ?? once(() => this.#believe(msi))
  }

  /** What console.log shows, and works out nothing for it. */
  [INSPECT](): string {
    const { index, base } = this.its
    const place = base === undefined ? '' : ` at 0x${base.toString(16)}`
    return `Scene of ITS ${index}${place}, restored by ${this.profile.id}, ${counted(this.missing.length, 'page')} missing`
  }

  /** What people call the devices, and what their events are for. */
  get names(): DeviceNames {
    return this.#names()
  }

  /** What the guest has mapped, by its witnesses. */
  get beliefs(): Beliefs {
    return this.#beliefs()
  }

  /** What lies in RAM whose address is not known: nothing is said of it. */
  get unread(): Unread {
    return this.#unread()
  }

  /** RAM may be there whose address the file does not tell. */
  mayBeRam(at: Gpa): boolean {
    return this.#input.unlocated?.some(({ base, bytes }) => at >= base && at < base + bytes) === true
  }

  /** Everything valid in the tables. */
  get tables(): Tables {
    return this.#tables()
  }

  /** What lies in the tables, or in the LPI tables, is not known whole. */
  get isCut(): boolean {
    return this.areTablesCut || this.areLpisUnread || this.isQueueUnread
  }

  /** The tables are larger than what may be looked at, or than what was loaded. */
  get areTablesCut(): boolean {
    return this.tables.cut !== undefined || this.restored.cut !== undefined
  }

  /** Not all of the command queue was loaded: it tells nothing. */
  get isQueueUnread(): boolean {
    const queue = registerRanges(this.registers, this.its.index).find(({ what }) => what === 'command queue')
    return queue !== undefined && !this.memory.isLoaded(queue.base, queue.bytes)
  }

  /** Not all of the LPI tables was loaded: what is enabled and pending is not known. */
  get areLpisUnread(): boolean {
    return this.#lpisUnread()
  }

  /** What the restore of the kernel that restores gives. */
  get restored(): SimulatedRestore {
    return this.restoredBy(this.profile.quirks)
  }

  /** What a restore gives by a kernel with these quirks. Kernels that cannot differ on these tables share it. */
  restoredBy(quirks: Quirks): SimulatedRestore {
    return this.#restores.of(quirks, (asked) => this.restoredFrom(this.memory, asked))
  }

  /** The same over `memory`, which has other words in the tables of this ITS. ITSes are restored in the order of the registers. */
  restoredFrom(memory: ReadonlyMemory, quirks: Quirks): SimulatedRestore {
    const restored = simulateRestore(memory, this.view, quirks, this.share('restore'), this.isMappedBefore(quirks))
    this.work += restored.work
    return restored
  }

  /** Tells the LPIs that ITSes before this one have restored; undefined for the first. */
  isMappedBefore(quirks: Quirks): ((lpi: number) => boolean) | undefined {
    const before = this.vm.slice(0, this.vm.indexOf(this))
    const lpis = once(() => new Set(before.flatMap((scene) => [...scene.restoredBy(quirks).mappings.lpis])))
    return before.length === 0 ? undefined : (lpi) => lpis().has(lpi)
  }

  #swept(): Tables {
    const tables = sweep(this.memory, this.view, this.share('sweep'))
    this.work += tables.work
    return tables
  }

  /** What this ITS may take of the budget for a use of it: the ITSes of a VM share the work. */
  share(use: Use): number {
    return shareOf(this.budget, use, this.vm.length)
  }

  #believe(msi: readonly MsiFunction[]): Beliefs {
    const { memory, saved, registers, its } = this
    const { mappings } = this.tables
    const functions = pciTestimonies(registers, its.index, msi, guestKind(memory, registers, saved))
    const history = readHistory(memory, saved, {
      lpiLimit: lpiLimit(registers),
      icids: listedIcids(this.view, mappings),
      canBeMapped: leftPossible(this.tables, this.missing),
      eventIdBits: (deviceId) => mappings.device(deviceId)?.eventIdBits,
      denies: (whole) => chainDenies(mappings, whole),
      isCurrent: (device) => {
        const said = functions.get(device.deviceId)
        return said === undefined ? undefined : isOfThisLife(said, device)
      },
    })
    return new Beliefs(history, functions, this.unread, this.#kernelWitness(history))
  }

  #kernelWitness({ touched }: History): KernelWitness {
    const outcome = this.#input.guestKernel?.[this.its.index]
    if (outcome === undefined || 'missing' in outcome) return new KernelWitness(undefined)
    const { found } = outcome
    const waiting = new Set([...touched, ...unsentDevices(this.memory, this.saved, found.unsent)])
    return new KernelWitness(found, waiting, (lpi) => lpiConfiguration(this.memory, this.registers, lpi).isEnabled)
  }

  /** What the search for the guest kernel's list came to; undefined where it was not looked for. */
  get guestKernel(): KernelOutcome | undefined {
    return this.#input.guestKernel?.[this.its.index]
  }

  get kvmLists(): KvmLists | undefined {
    return this.#input.kvmLists
  }

  get msi(): readonly MsiFunction[] {
    return this.#input.msi ?? []
  }

  get virtio(): readonly VirtioDevice[] {
    return this.#input.virtio ?? []
  }

  get vcpus(): readonly SavedVcpu[] {
    return this.#input.vcpus ?? []
  }

  /** What the search for what the guest's kernel has of the redistributors came to; undefined where it was not looked for. */
  get guestRedistributors(): RedistributorOutcome | undefined {
    return this.#input.guestRedistributors
  }

  /** What `work` makes of this scene, once. */
  once<T>(work: (scene: Scene) => T): T {
    if (!this.#worked.has(work)) this.#worked.set(work, work(this))
    return this.#worked.get(work) as T
  }

  /** This ITS over guest RAM in which the words at `written` are changed, and over other registers; `vm` becomes its scenes. */
  over(memory: ReadonlyMemory, written: readonly Gpa[], vm: readonly Scene[], registers = this.registers): Scene {
    const { valid, base, bytes } = queueShape(this.saved.cbaser)
    const isHeard = !valid || !written.some((at) => at + 8 > base && at < base + bytes)
    const isSame = registers === this.registers
    const missing = withoutWritten(this.missing, written)
    return new Scene({ ...this.#input, memory, registers, missing }, vm, isHeard && isSame ? this.#beliefs : undefined)
  }

  /** The same state with what the witnesses say worked out from its own tables; `vm` becomes its scenes. */
  reopened(vm: readonly Scene[]): Scene {
    return new Scene(this.#input, vm)
  }
}

/** The pages that a file still holds no record of when the words at `written` are in it. */
function withoutWritten(missing: readonly Gpa[], written: readonly Gpa[]): readonly Gpa[] {
  if (missing.length === 0) return missing
  const pages = new Set(written.map((at) => at - (at % PAGE_BYTES)))
  return missing.filter((page) => !pages.has(page))
}

/**
 * KVM saves all that it has mapped: what it listed nothing of, it had not. Where not all of the tables can be read, or it never
 * saved there, that tells nothing.
 */
function leftPossible({ mappings, cut, unreadable }: Tables, missing: readonly Gpa[]): CanBeMapped {
  if (cut !== undefined || unreadable.length > 0 || missing.length > 0 || mappings.collections.size === 0) return () => true
  return (deviceId, eventId) =>
    eventId === undefined ? mappings.device(deviceId) !== undefined : mappings.row(deviceId, eventId) >= 0
}

/** The collections of the collection table that a restore can bring back: what else is listed is no witness. */
function listedIcids({ collectionTable, vcpuIds }: TableView, { collections }: Mappings): ReadonlySet<number> {
  const entries = collectionTable.bytes / ENTRY_BYTES
  const listed = [...collections].filter(([icid, rdBase]) => icid < entries && vcpuIds.includes(rdBase))
  return new Set(listed.map(([icid]) => icid))
}

/** KVM refuses a pINTID from this one on. */
function lpiLimit({ redistributors }: GicRegisters): number {
  const { idBits } = GICR_PROPBASER.unpack(redistributors[0]?.propbaser ?? 0n)
  return Math.min(2 ** (idBits + 1), LPI_LIMIT)
}
