import type { GicRegisters, ProfileId } from '@vits/core/abi'
import { ModelSubject, planRestore, registerReads, registersRead, restoredStates, type Step } from '@vits/core/conformance'
import type { Its } from '@vits/core/its'
import { coalesce, type GpaRange, PAGE_BYTES } from '@vits/core/memory'
import { stateDifference, successor } from '@vits/core/seal'
import { restoreTables } from '@vits/core/tables'
import type { KvmSubject } from '../kvm-subject.ts'
import { playAll } from '../recording.ts'
import { historyOf } from './case-steps.ts'
import { caseOf } from './side-by-side.ts'

/** What a kernel makes of a save: exactly the saved state, an errno, or another state. */
export type Verdict = 'exact' | { readonly refused: string } | { readonly different: string }

/** The history of a seed with one ITS, up to where its machine would be saved. */
export function oneItsHistory(seed: number): Step[] {
  const { setting, actions } = caseOf(seed)
  return historyOf({ setting: { ...setting, itses: setting.itses.slice(0, 1) }, actions })
}

/** A model that has lived a history. */
export function played(profile: ProfileId, history: readonly Step[]): ModelSubject {
  const model = new ModelSubject(profile)
  for (const step of history) model.play(withoutLog(step))
  return model
}

/** Without a log that is read, the memory's own marks tell every page that anybody wrote. */
export const withoutLog = (step: Step): Step => (step.op === 'create_vm' ? { ...step, log_dirty: false } : step)

export const itsOf = (model: ModelSubject): Its => model.vm.itses[0]!.its

/** Lets a kernel restore what lies in the RAM of a model, and compares what it has then with what the model has mapped. */
export async function verdict(kvm: KvmSubject, model: ModelSubject, profile: ProfileId): Promise<Verdict> {
  const { memory } = model.vm
  const needed = coalesce(memory.dirtyPages().map((base): GpaRange => ({ base, bytes: PAGE_BYTES })))
  const plan = planRestore({ ram: memory.ranges, registers: registersOf(model), memory, needed })
  const answers = playAll(kvm, plan.steps)
  const [restores] = await Promise.all([answers.then((all) => restoredStates(plan, all)), kvm.clear()])
  const restored = restores[0]!
  if (restored.rc !== '0') return { refused: restored.rc }
  const other = successor(itsOf(model), profile, restored.memory)
  const read = restoreTables(other)
  if (!read.ok) return { different: `what the kernel saved then cannot be read: ${read.reason}` }
  const different = stateDifference(itsOf(model), other)
  return different === undefined ? 'exact' : { different }
}

function registersOf(model: ModelSubject): GicRegisters {
  const vcpuIds = model.vm.vcpus.map(({ id }) => id)
  return registersRead(
    vcpuIds,
    registerReads(vcpuIds).map((step) => model.play(step)),
  )
}
