import type { ProfileId, Quirks } from '@vits/core/abi'
import { setScene, type View, viewDifferences, viewFrom } from '@vits/core/audit'
import { ModelSubject, planRestore, type RestorePlan, restoredStates, type Step, type StepAnswer } from '@vits/core/conformance'
import { inspect } from '@vits/core/inspect'
import type { ReadonlyMemory } from '@vits/core/memory'
import type { ItsBooks } from '../../../core/src/conformance/testing/guests/its-books.ts'
import type { PlayedGuest } from '../../../core/src/conformance/testing/guests/played-guest.ts'
import { registersOf, saveSteps } from '../../../core/src/conformance/testing/guests/saved-guest.ts'
import { savedMachine } from '../../../core/src/inspect/testing/planted-machine.ts'
import { type Disagreement, firstDifference } from '../fuzz/side-by-side.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { playAll } from '../recording.ts'
import { saveAnew, signalSteps, unheard } from './steps.ts'
import { judge, type Restored, type Verdict } from './verdict.ts'

/** The kernel under test. */
export interface Kernel {
  /** What vits is told that restores. */
  readonly profile: ProfileId
  /** What the model has. */
  readonly quirks: Quirks
}

/** What came of a guest: where KVM does not answer as the model does, nothing else is asked. */
export type Trial = { readonly differs: Disagreement } | Verdict

/**
 * Lets a guest live on a real KVM and on the model, saves it, asks vits about the save, and lets the real KVM restore it: as it was
 * saved, and as `vits repair -y` would have it.
 *
 * @throws Error when KVM has not mapped what the guest's books say: then nothing is said about vits.
 */
export async function tryGuest(kvm: KvmSubject, guest: PlayedGuest, { profile, quirks }: Kernel): Promise<Trial> {
  const model = new ModelSubject(profile, quirks)
  const life = [...guest.steps, ...saveSteps(guest)]
  const modelled = life.map((step) => model.play(step))
  const { memory } = model.vm
  const state: RestorePlan['state'] = {
    ram: memory.ranges,
    memory,
    registers: registersOf(modelled.slice(guest.steps.length)),
    needed: [],
  }
  const anew = saveAnew(guest, state)
  const { inUse } = guest
  const delivered = [...guest.booksInTheEnd.delivered()]
  const signals = signalSteps(delivered)
  const signalsInUse = signalSteps(delivered.filter(([deviceId, eventId]) => inUse.hasEvent(deviceId, eventId)))
  const answers = await asked(kvm, [...life, ...anew.steps, ...signals])
  const differs = firstDifference(life, answers, modelled)
  if (differs !== undefined) return { differs }
  const mapped = viewOf(guest.books)
  const silent = unheard(signals, answers.slice(life.length + anew.steps.length))
  mustHave(mapped, restoredView(anew, answers.slice(life.length)), silent)

  const { registers } = state
  const inspection = await inspect(savedMachine({ memory, registers, msi: guest.msi }), { kernel: profile })
  const report = inspection.audit()[0]!
  const restore = (ram: ReadonlyMemory) =>
    restored(kvm, { ...state, memory: ram, needed: inspection.loaded.ranges }, signalsInUse)
  const plan = report.verdict === 'restores' ? undefined : inspection.plan({ allow: 'everything' })
  const writes = plan !== undefined && plan.obstacles.length === 0 && plan.writes.length > 0
  const repaired = writes ? await restore(plan.memory) : undefined
  const asSaved = await restore(inspection.memory)
  return judge({
    mapped,
    inUse,
    report,
    foretold: withTargets(inspection.view('restored')),
    asSaved,
    ...(repaired && { repaired }),
  })
}

async function asked(kvm: KvmSubject, steps: readonly Step[]): Promise<StepAnswer[]> {
  const [answers] = await Promise.all([playAll(kvm, steps), kvm.clear()])
  return answers
}

async function restored(kvm: KvmSubject, state: RestorePlan['state'], afterwards: readonly Step[]): Promise<Restored> {
  const plan = planRestore(state)
  const restore = plan.steps.filter(({ op }) => op !== 'destroy_vm')
  const answers = await asked(kvm, [...restore, ...afterwards])
  const { rc } = restoredStates(plan, answers)[0]!
  return { rc, view: restoredView(plan, answers), unheard: rc === '0' ? unheard(afterwards, answers.slice(restore.length)) : 0 }
}

/** A collection that an event names and no MAPC maps: KVM keeps it, and saves it with this target. */
const NO_TARGET = 0xffff_ffff

function restoredView(plan: RestorePlan, answers: readonly StepAnswer[]): View {
  const { registers } = plan.state
  return withTargets(viewFrom(setScene({ memory: restoredStates(plan, answers)[0]!.memory, registers }), 'tables'))
}

const withTargets = ({ collections, devices }: View): View => ({
  collections: collections.filter(({ rdBase }) => rdBase !== NO_TARGET),
  devices,
})

/** What the books hold, as a view. */
function viewOf({ collections, devices }: ItsBooks): View {
  return {
    collections: [...collections].map(([icid, rdBase]) => ({ icid, rdBase })),
    devices: [...devices].map(([deviceId, { ittAddr, bits, events }]) => ({
      deviceId,
      itt: ittAddr,
      eventIdBits: bits,
      events: [...events].map(([eventId, { pintid, icid }]) => ({ eventId, lpi: pintid, icid })),
    })),
  }
}

/** Two devices with one ITT cannot be told by a save: the later writes over what the earlier wrote. */
function mustHave(mapped: View, has: View, silent: number): void {
  const areApart = new Set(mapped.devices.map(({ itt }) => itt)).size === mapped.devices.length
  const wrong = areApart ? viewDifferences(mapped, has) : []
  if (wrong.length + silent === 0) return
  throw new Error(
    `KVM has not mapped what the guest's books say: ${JSON.stringify(wrong.slice(0, 3))}, ${silent} MSIs do not arrive`,
  )
}
