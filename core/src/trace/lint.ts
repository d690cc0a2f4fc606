import type { Call } from './call.ts'
import type { TraceFinding } from './finding.ts'
import { lintRestore } from './restore.ts'
import { lintAffinities, lintSave } from './save.ts'
import { type Pause, pausesOf, type TracedVm, vmsOf } from './vm.ts'

/** A save or a restore that a trace holds, and what is wrong with it. */
export interface LintedPause {
  readonly pid: number
  readonly kind: 'save' | 'restore'
  /** First and last line of the pause it is in. */
  readonly lines: readonly [from: number, to: number]
  readonly findings: readonly TraceFinding[]
}

/**
 * Judges every save and restore of a trace by the rules of KVM: those of the order of a restore (`orderRules`), and those of a save
 * (`saveRules`). What a trace does not hold is not judged: KVM_IRQFD and KVM_SET_GSI_ROUTING are not in it.
 */
export function lintTrace(calls: readonly Call[]): LintedPause[] {
  return vmsOf(calls).flatMap((vm) => pausesOf(vm).flatMap((pause) => lintPause(vm, pause)))
}

function lintPause(vm: TracedVm, pause: Pause): LintedPause[] {
  const lines = [pause.calls[0]!.line, pause.calls.at(-1)!.line] as const
  const restores = vm.itses.flatMap((its) => {
    const findings = lintRestore(vm, pause, its)
    return findings === undefined ? [] : [findings]
  })
  const linted: LintedPause[] = []
  const saves = lintSave(vm, pause)
  if (saves !== undefined) {
    linted.push({ pid: vm.pid, kind: 'save', lines, findings: [...saves, ...lintAffinities(vm, pause, 'get')] })
  }
  if (restores.length > 0) {
    linted.push({ pid: vm.pid, kind: 'restore', lines, findings: [...restores.flat(), ...lintAffinities(vm, pause, 'set')] })
  }
  return linted
}
