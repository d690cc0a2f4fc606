import type { GicRegisters, ProfileId } from '@vits/core/abi'
import { ModelSubject, planRestore, registerReads, registersRead, restoredStates } from '@vits/core/conformance'
import type { Its } from '@vits/core/its'
import { coalesce, type GpaRange, PAGE_BYTES } from '@vits/core/memory'
import { seal, stateDifference, successor } from '@vits/core/seal'
import { restoreTables, saveTables } from '@vits/core/tables'
import type { KvmSubject } from '../kvm-subject.ts'
import { playAll } from '../recording.ts'
import { historyOf } from './case-steps.ts'
import { caseOf } from './side-by-side.ts'

/** What a kernel makes of a save: exactly the saved state, an errno, or another state. */
export type Verdict = 'exact' | { readonly refused: string } | { readonly different: string }

/** What a kernel makes of one history, saved plainly and sealed. Undefined: nothing was saved, KVM's save fails too. */
export interface SealTrial {
  readonly plain: Verdict | undefined
  readonly sealed: Verdict | undefined
  /** What no bytes can help on this kernel; empty in most. */
  readonly limits: readonly string[]
}

/** Plays a history of one ITS on the model, saves it both ways, and lets a kernel restore each. */
export async function trySeal(kvm: KvmSubject, profile: ProfileId, seed: number): Promise<SealTrial> {
  const plain = played(profile, seed)
  const saved = saveTables(itsOf(plain))
  const sealed = played(profile, seed)
  const closed = seal(itsOf(sealed))
  const limits = closed.ok ? closed.value.limits.filter(({ profiles }) => profiles.includes(profile)).map(({ name }) => name) : []
  return {
    plain: saved.ok ? await verdict(kvm, plain, profile) : undefined,
    sealed: closed.ok ? await verdict(kvm, sealed, profile) : undefined,
    limits: [...new Set(limits)],
  }
}

function played(profile: ProfileId, seed: number): ModelSubject {
  const { setting, actions } = caseOf(seed)
  const model = new ModelSubject(profile)
  for (const step of historyOf({ setting: { ...setting, itses: setting.itses.slice(0, 1) }, actions })) {
    // Without a log that is read, the memory's own marks tell every page that anybody wrote.
    model.play(step.op === 'create_vm' ? { ...step, log_dirty: false } : step)
  }
  return model
}

const itsOf = (model: ModelSubject): Its => model.vm.itses[0]!.its

async function verdict(kvm: KvmSubject, model: ModelSubject, profile: ProfileId): Promise<Verdict> {
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
