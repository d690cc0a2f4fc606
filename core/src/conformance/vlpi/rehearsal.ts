import { NEWEST, VSGI_COUNT } from '../../abi/index.ts'
import type { GicVersion } from '../../gicv4/index.ts'
import type { Outcome } from '../../memory/index.ts'
import { savePendingTables } from '../../tables/index.ts'
import { type AssignedEvent, AssignedVm, type AssignedVmShape, sgiOf, type Taken } from './assigned-vm.ts'
import { Chance } from './chance.ts'
import type { SavedRegister } from './saved-gic.ts'

export interface RehearsalOptions {
  readonly vcpus: number
  /** Interrupts that GICv4 delivers. */
  readonly direct: number
  /** Interrupts that software delivers, strewn among the others. */
  readonly software: number
  /** SGIs are pending, too: half of those of each vCPU. Default: none. */
  readonly sgis?: boolean
  readonly seed: number
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number
}

/** One step of a rehearsal, in milliseconds. */
export interface TimedStep {
  readonly step: string
  readonly ms: number
}

/** What became of pending interrupts. */
export interface Arrivals {
  /** Interrupts that were pending and that the guest took in the VM that ran on. */
  readonly arrived: number
  /** Pending before, and never seen again. */
  readonly lost: number
  /** Not pending before, and delivered all the same. */
  readonly stale: number
}

/** What became of the VM and, first, of its pending LPIs. */
export interface Fate extends Arrivals {
  /** `saved`, or the errno that SAVE_TABLES failed with. */
  readonly save: string
  /** Which VM ran on: the restored one, or the source when it could not be saved. */
  readonly runsOn: 'restored' | 'source'
  readonly sgis: Arrivals
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
  /** SGIs pending then. */
  readonly pendingSgis: number
  readonly rehearsals: readonly Rehearsal[]
  readonly passed: boolean
}

const everySgi = Array.from({ length: VSGI_COUNT }, (_, sgi) => sgi)

/** How the VM is saved. */
interface Way {
  readonly title: string
  readonly version: GicVersion
  /** SAVE_PENDING_TABLES unmaps the vPEs before it reads their tables. */
  readonly unmaps: boolean
  /** Hardware delivers the SGIs. */
  readonly directSgis?: boolean
  /** SGIs are read while the vPEs are unmapped, and not after the pending tables were saved. */
  readonly readsSgisBetween?: boolean
}

const ways: readonly Way[] = [
  { title: 'GICv4.0', version: 'GICv4.0', unmaps: false },
  { title: 'GICv4.1', version: 'GICv4.1', unmaps: true },
  { title: 'GICv4.1, unmap left out', version: 'GICv4.1', unmaps: false },
]

/** With SGIs, also who delivers them, and when they are read. */
const waysWithSgis: readonly Way[] = [
  ...ways,
  { title: 'GICv4.1, vSGIs', version: 'GICv4.1', unmaps: true, directSgis: true },
  { title: 'GICv4.1, vSGIs, read between', version: 'GICv4.1', unmaps: true, directSgis: true, readsSgisBetween: true },
]

/** What is pending at some time: numbers of interrupts, and SGIs by vCPU. */
interface Pending {
  readonly events: ReadonlySet<number>
  readonly sgis: readonly (readonly number[])[]
}

/** The same for every way: which interrupts exist, and which are pending at an aborted save and at the one that counts. */
interface Plan {
  readonly events: readonly AssignedEvent[]
  readonly earlier: Pending
  readonly pending: Pending
}

/**
 * Saves a VM with passed-through devices in three ways, with SGIs in five, and restores it on another host.
 *
 * Before the save that counts there was one whose migration was aborted, so the virtual pending tables hold bits of the past; then
 * the guest took everything and a new random half became pending. Devices are quiet while the VM is saved. A VM
 * that cannot be saved runs on where it is, and must have lost nothing by the attempt. SGIs go by the registers of their redistributor,
 * whoever delivers them, and must be read before or after the pending tables are saved: in between no vPE is mapped that could be asked.
 * What must come out is worked out from which MSIs and SGIs were sent, never asked of the model.
 *
 * @throws RangeError for counts that do not fit 16 bits of INTID or DeviceID.
 */
export function rehearseVlpis(options: RehearsalOptions): RehearsalReport {
  const { vcpus, direct, software, seed } = options
  if (direct + software > 2 ** 15) throw new RangeError(`${direct + software} interrupts are more than 32768`)
  const plan = planFor(options)
  const rehearsals = (options.sgis ? waysWithSgis : ways).map((way) => rehearse(way, plan, options))
  const pendingInHardware = count(plan.pending.events, (n) => plan.events[n]!.direct)
  const pendingSgis = namesOf(plan.pending).size
  const counts = { vcpus, direct, software, seed, pending: plan.pending.events.size, pendingInHardware, pendingSgis }
  return { ...counts, rehearsals, passed: rehearsals.every(({ asExpected }) => asExpected) }
}

function planFor({ vcpus, direct, software, sgis = false, seed }: RehearsalOptions): Plan {
  const chance = new Chance(seed)
  const all = Array.from({ length: direct + software }, (_, n) => n)
  const inSoftware = new Set(chance.pick(all, software))
  const events = all.map((n) => ({ vcpu: chance.below(vcpus), direct: !inSoftware.has(n) }))
  const half = (): Pending => ({
    events: new Set(chance.pick(all, Math.floor(all.length / 2))),
    sgis: Array.from({ length: vcpus }, () => (sgis ? chance.pick(everySgi, everySgi.length / 2) : [])),
  })
  return { events, earlier: half(), pending: half() }
}

function rehearse(way: Way, plan: Plan, { vcpus, seed, now }: RehearsalOptions): Rehearsal {
  const steps: TimedStep[] = []
  const timed = <T>(step: string, body: () => T): T => {
    const start = now()
    const value = body()
    steps.push({ step, ms: Math.round((now() - start) * 1000) / 1000 })
    return value
  }
  const { version, directSgis = false } = way
  const shape = { host: { version }, vcpus, events: plan.events, kernel: NEWEST, directSgis }
  const chance = new Chance(seed + 1)
  const place = () => chance.below(vcpus)
  const vm = timed('boot and map', () => new AssignedVm(shape))
  timed('forward', () => vm.forward())
  timed('live through an aborted save', () => abortedSave(vm, plan, place))
  timed('interrupt', () => send(vm, plan.pending))
  const registers = timed('save pending', () => savePending(vm, way))
  const save = timed('save tables', () => vm.save(registers))
  const taken = save.ok ? restored(timed, { ...shape, saved: save.value }, place) : timed('run on', () => vm.run(place))
  const expected = expectedOf(way, plan)
  const happened = fateOf(save, plan.pending, taken)
  const asExpected = JSON.stringify(happened) === JSON.stringify(expected)
  return { title: way.title, expected, happened, asExpected, steps }
}

/** A first half becomes pending, is saved, and then the guest takes it after all. */
function abortedSave(vm: AssignedVm, { earlier }: Plan, place: () => number): void {
  send(vm, earlier)
  vm.savePending()
  vm.run(place)
}

function restored(timed: <T>(step: string, body: () => T) => T, shape: AssignedVmShape, place: () => number): Taken {
  const vm = timed('restore on another host', () => new AssignedVm(shape))
  timed('forward again', () => vm.forward())
  return timed('deliver', () => vm.run(place))
}

function send(vm: AssignedVm, { events, sgis }: Pending): void {
  for (const n of events) vm.msi(n)
  for (const [vcpu, sent] of sgis.entries()) for (const sgi of sent) vm.sendSgi(vcpu, sgi)
}

/**
 * With `unmaps` false, what a KVM would do that reads the virtual pending tables while the hardware still owns them.
 *
 * @returns the registers that were read in between, if they were.
 */
function savePending(vm: AssignedVm, { unmaps, readsSgisBetween }: Way): readonly SavedRegister[] | undefined {
  const { gic, direct } = vm.vm
  if (!unmaps) {
    savePendingTables(gic, { vlpiPending: (intid) => direct!.vlpiPending(intid) })
    return undefined
  }
  if (readsSgisBetween) direct!.unmapAll()
  const registers = readsSgisBetween ? vm.registers() : undefined
  vm.savePending()
  return registers
}

/** Worked out from the MSIs and SGIs alone. */
function expectedOf({ version, unmaps, readsSgisBetween }: Way, { events, earlier, pending }: Plan): Fate {
  const all = namesOf(pending).size
  const sgis = readsSgisBetween ? { arrived: 0, lost: all, stale: 0 } : { arrived: all, lost: 0, stale: 0 }
  const whole = { arrived: pending.events.size, lost: 0, stale: 0, sgis }
  if (version === 'GICv4.0' && events.some(({ direct }) => direct)) return { save: 'EACCES', runsOn: 'source', ...whole }
  if (unmaps) return { save: 'saved', runsOn: 'restored', ...whole }
  const lost = count(pending.events, (n) => events[n]!.direct && !earlier.events.has(n))
  const stale = count(earlier.events, (n) => events[n]!.direct && !pending.events.has(n))
  return { save: 'saved', runsOn: 'restored', arrived: pending.events.size - lost, lost, stale, sgis }
}

function fateOf(save: Outcome<unknown>, pending: Pending, taken: Taken): Fate {
  const told = save.ok ? ({ save: 'saved', runsOn: 'restored' } as const) : ({ save: save.errno, runsOn: 'source' } as const)
  return { ...told, ...arrivals(pending.events, taken.events), sgis: arrivals(namesOf(pending), taken.sgis) }
}

function arrivals<T>(pending: ReadonlySet<T>, taken: ReadonlySet<T>): Arrivals {
  const arrived = count(taken, (one) => pending.has(one))
  return { arrived, lost: pending.size - arrived, stale: taken.size - arrived }
}

const namesOf = ({ sgis }: Pending): Set<string> => new Set(sgis.flatMap((of, vcpu) => of.map((sgi) => sgiOf(vcpu, sgi))))

function count<T>(all: ReadonlySet<T>, matches: (one: T) => boolean): number {
  let matching = 0
  for (const one of all) if (matches(one)) matching += 1
  return matching
}
