import { NEWEST } from '../../abi/index.ts'
import type { GicVersion } from '../../gicv4/index.ts'
import type { Outcome } from '../../memory/index.ts'
import { savePendingTables } from '../../tables/index.ts'
import { type AssignedEvent, AssignedVm, type AssignedVmShape } from './assigned-vm.ts'
import { Chance } from './chance.ts'

export interface RehearsalOptions {
  readonly vcpus: number
  /** Interrupts that GICv4 delivers. */
  readonly direct: number
  /** Interrupts that software delivers, strewn among the others. */
  readonly software: number
  readonly seed: number
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number
}

/** One step of a rehearsal, in milliseconds. */
export interface TimedStep {
  readonly step: string
  readonly ms: number
}

/** What became of the pending interrupts. */
export interface Fate {
  /** `saved`, or the errno that SAVE_TABLES failed with. */
  readonly save: string
  /** Which VM ran on: the restored one, or the source when it could not be saved. */
  readonly runsOn: 'restored' | 'source'
  /** Interrupts that were pending and that the guest took in the VM that ran on. */
  readonly arrived: number
  /** Pending before, and never seen again. */
  readonly lost: number
  /** Not pending before, and delivered all the same. */
  readonly stale: number
}

/** One way to save, what had to come of it and what did. */
export interface Rehearsal {
  readonly title: string
  readonly expected: Fate
  readonly happened: Fate
  readonly asExpected: boolean
  readonly steps: readonly TimedStep[]
}

export interface RehearsalReport {
  readonly vcpus: number
  readonly direct: number
  readonly software: number
  readonly seed: number
  /** Interrupts pending when the VM is saved, and how many of those hardware holds. */
  readonly pending: number
  readonly pendingInHardware: number
  readonly rehearsals: readonly Rehearsal[]
  readonly passed: boolean
}

/** How the VM is saved. */
interface Way {
  readonly title: string
  readonly version: GicVersion
  /** SAVE_PENDING_TABLES unmaps the vPEs before it reads their tables. */
  readonly unmaps: boolean
}

const ways: readonly Way[] = [
  { title: 'GICv4.0', version: 'GICv4.0', unmaps: false },
  { title: 'GICv4.1', version: 'GICv4.1', unmaps: true },
  { title: 'GICv4.1, unmap left out', version: 'GICv4.1', unmaps: false },
]

/** The same for every way: which interrupts exist, and which are pending at an aborted save and at the one that counts. */
interface Plan {
  readonly events: readonly AssignedEvent[]
  readonly earlier: ReadonlySet<number>
  readonly pending: ReadonlySet<number>
}

/**
 * Saves a VM with passed-through devices in three ways and restores it on another host.
 *
 * Before the save that counts there was one whose migration was aborted, so the virtual pending tables hold bits of the past; then
 * the guest took everything and a new random half became pending. Devices are quiet while the VM is saved. A VM
 * that cannot be saved runs on where it is, and must have lost nothing by the attempt. What must come out
 * is worked out from which MSIs were sent, never asked of the model.
 *
 * @throws RangeError for counts that do not fit 16 bits of INTID or DeviceID.
 */
export function rehearseVlpis(options: RehearsalOptions): RehearsalReport {
  const { vcpus, direct, software, seed } = options
  if (direct + software > 2 ** 15) throw new RangeError(`${direct + software} interrupts are more than 32768`)
  const plan = planFor(options)
  const rehearsals = ways.map((way) => rehearse(way, plan, options))
  const pendingInHardware = count(plan.pending, (n) => plan.events[n]!.direct)
  const counts = { vcpus, direct, software, seed, pending: plan.pending.size, pendingInHardware }
  return { ...counts, rehearsals, passed: rehearsals.every(({ asExpected }) => asExpected) }
}

function planFor({ vcpus, direct, software, seed }: RehearsalOptions): Plan {
  const chance = new Chance(seed)
  const all = Array.from({ length: direct + software }, (_, n) => n)
  const inSoftware = new Set(chance.pick(all, software))
  const events = all.map((n) => ({ vcpu: chance.below(vcpus), direct: !inSoftware.has(n) }))
  const half = Math.floor(all.length / 2)
  return { events, earlier: new Set(chance.pick(all, half)), pending: new Set(chance.pick(all, half)) }
}

function rehearse(way: Way, plan: Plan, { vcpus, seed, now }: RehearsalOptions): Rehearsal {
  const steps: TimedStep[] = []
  const timed = <T>(step: string, body: () => T): T => {
    const start = now()
    const value = body()
    steps.push({ step, ms: Math.round((now() - start) * 1000) / 1000 })
    return value
  }
  const { version, unmaps } = way
  const shape = { host: { version }, vcpus, events: plan.events, kernel: NEWEST }
  const chance = new Chance(seed + 1)
  const place = () => chance.below(vcpus)
  const vm = timed('boot and map', () => new AssignedVm(shape))
  timed('forward', () => vm.forward())
  timed('live through an aborted save', () => abortedSave(vm, plan, place))
  timed('interrupt', () => send(vm, plan.pending))
  timed('save pending', () => savePending(vm, unmaps))
  const save = timed('save tables', () => vm.save())
  const taken = save.ok ? restored(timed, { ...shape, saved: save.value }, place) : timed('run on', () => vm.run(place))
  const expected = expectedOf(way, plan)
  const happened = fateOf(save, plan.pending, taken)
  const asExpected = JSON.stringify(happened) === JSON.stringify(expected)
  return { title: way.title, expected, happened, asExpected, steps }
}

/** A first half becomes pending, is saved, and then the guest takes it after all. */
function abortedSave(vm: AssignedVm, { earlier }: Plan, place: () => number): void {
  send(vm, earlier)
  savePending(vm, true)
  vm.run(place)
}

function restored(timed: <T>(step: string, body: () => T) => T, shape: AssignedVmShape, place: () => number): Set<number> {
  const vm = timed('restore on another host', () => new AssignedVm(shape))
  timed('forward again', () => vm.forward())
  return timed('deliver', () => vm.run(place))
}

function send(vm: AssignedVm, numbers: ReadonlySet<number>): void {
  for (const n of numbers) vm.msi(n)
}

/** With `unmaps` false, what a KVM would do that reads the virtual pending tables while the hardware still owns them. */
function savePending(vm: AssignedVm, unmaps: boolean): Outcome<number> {
  if (unmaps) return vm.savePending()
  const { gic, direct } = vm.vm
  return savePendingTables(gic, { vlpiPending: (intid) => direct!.vlpiPending(intid) })
}

/** Worked out from the MSIs alone. */
function expectedOf({ version, unmaps }: Way, { events, earlier, pending }: Plan): Fate {
  const whole = { arrived: pending.size, lost: 0, stale: 0 }
  if (version === 'GICv4.0' && events.some(({ direct }) => direct)) return { save: 'EACCES', runsOn: 'source', ...whole }
  if (unmaps) return { save: 'saved', runsOn: 'restored', ...whole }
  const lost = count(pending, (n) => events[n]!.direct && !earlier.has(n))
  const stale = count(earlier, (n) => events[n]!.direct && !pending.has(n))
  return { save: 'saved', runsOn: 'restored', arrived: pending.size - lost, lost, stale }
}

function fateOf(save: Outcome<unknown>, pending: ReadonlySet<number>, taken: ReadonlySet<number>): Fate {
  const arrived = count(taken, (n) => pending.has(n))
  const told = save.ok ? ({ save: 'saved', runsOn: 'restored' } as const) : ({ save: save.errno, runsOn: 'source' } as const)
  return { ...told, arrived, lost: pending.size - arrived, stale: taken.size - arrived }
}

function count(numbers: ReadonlySet<number>, matches: (n: number) => boolean): number {
  let matching = 0
  for (const n of numbers) if (matches(n)) matching += 1
  return matching
}
