import type { Call } from './call.ts'
import type { TraceFinding } from './finding.ts'
import { lintRestores } from './restore.ts'
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
 *
 * @throws TraceError at the line where a VM has more vCPUs or devices than KVM gives any.
 */
export function lintTrace(calls: readonly Call[]): LintedPause[] {
  return vmsOf(calls).flatMap(lintVm)
}

function lintVm(vm: TracedVm): LintedPause[] {
  const pauses = pausesOf(vm)
  const restores = vm.itses.map((its) => lintRestores(vm, pauses, its))
  return pauses.flatMap((pause) =>
    lintPause(
      vm,
      pause,
      restores.flatMap((found) => (found.has(pause) ? [found.get(pause)!] : [])),
    ),
  )
}

/** @param restores what is out of order in the restore of each ITS that the pause restores */
function lintPause(vm: TracedVm, pause: Pause, restores: readonly TraceFinding[][]): LintedPause[] {
  const lines = linesOf(pause)
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

/** The first and the last of them in the file, where times may put them in another order. */
function linesOf(pause: Pause): readonly [number, number] {
  let [first, last] = [Number.POSITIVE_INFINITY, 0]
  for (const { line } of pause) [first, last] = [Math.min(first, line), Math.max(last, line)]
  return [first, last]
}
