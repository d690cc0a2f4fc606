import { type ModelSubject, ScopeSteps, type Step } from '@vits/core/conformance'
import { type HistoryStep, type Scope, ScopeVm } from '@vits/core/scope'
import { historyOf, readScopes } from './found.ts'
import { isPlayable } from './sampled.ts'
import { livedBy, restoredBy, type Segment } from './segments.ts'

/** The shortest history to one kind of wrong restore of a scope. */
export interface Counterexample {
  /** `keeping: dead device back`. */
  readonly name: string
  readonly scope: Scope
  readonly history: readonly HistoryStep[]
}

/** Kinds of which the tables that are compared show nothing: which vCPU an LPI goes to, and what is pending. */
const unseen = /an LPI has another vCPU|a pending bit/

/** Those of some scopes that were found, and can be played. */
export const counterexamples = (names: readonly string[]): Counterexample[] =>
  readScopes()
    .results.filter(({ name }) => names.includes(name))
    .flatMap(({ name, scope, wrong }) =>
      wrong
        .filter(({ kind }) => !unseen.test(kind))
        .map(({ kind, history }) => ({ name: `${name}: ${kind}`, scope, history: historyOf(history) })),
    )
    .filter(({ history }) => isPlayable(history))

/** A kernel lives a history that it saves itself; else it restores what the model has saved. */
const isLived = ({ save, migratesTo }: Scope) => save === 'own' && migratesTo === undefined

export function segmentOf({ name, scope, history }: Counterexample): Segment {
  const segment = isLived(scope) ? livedBy(scope, history, 'a new VM') : restoredBy(scope, history, savedVm(scope, history))
  return { ...segment, counterexample: name }
}

/** The same alone in a VM, as a recording has it: up to where the model says that the host stops. */
export function stepsOf(one: Counterexample, model: ModelSubject): Step[] {
  const steps = stepsAlone(one)
  const stop = steps.findIndex((step) => {
    model.play(step)
    return model.hostDied
  })
  return [...(stop < 0 ? steps : steps.slice(0, stop)), { op: 'destroy_vm', ram_kept: false }]
}

function stepsAlone({ scope, history }: Counterexample): Step[] {
  const writer = new ScopeSteps(scope)
  writer.begin()
  if (isLived(scope)) {
    for (const step of history) writer.play(step)
    writer.finish()
  } else writer.restoreImage(savedVm(scope, history))
  return writer.steps
}

function savedVm(scope: Scope, history: readonly HistoryStep[]): ScopeVm {
  const vm = new ScopeVm(scope)
  vm.play(history)
  vm.save()
  return vm
}
