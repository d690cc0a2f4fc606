import { GICR } from '../abi/index.ts'
import { lintRestoreOrder, type OrderFinding, type RestoreStep, stepOfItsRegister } from '../kvm/index.ts'
import { itsRegisterOffset, redistributorAttributes } from './register-names.ts'
import type { Recording, Step, StepOf } from './step.ts'

/** A restore of one ITS that a recording holds, and where the order of its steps is not the documented one. */
export interface RecordedRestore {
  /** Index of its RESTORE_TABLES, the last one before GITS_CTLR. */
  readonly step: number
  readonly its: number
  readonly findings: readonly OrderFinding[]
}

/**
 * The restores of a recording, each from the making of its VM or the reset of its ITS to the GITS_CTLR that enables the ITS. What
 * a VMM writes for a guest that starts looks the same as a restore; it counts as one when RESTORE_TABLES comes.
 */
export function recordedRestores({ steps }: Pick<Recording, 'steps'>): RecordedRestore[] {
  const found: RecordedRestore[] = []
  let vm = new VmSteps([])
  for (const [index, step] of steps.entries()) {
    if (step.op === 'create_vm' || step.op === 'destroy_vm') {
      found.push(...vm.restores())
      vm = new VmSteps(step.op === 'create_vm' ? stepsOfCreation(step) : [])
    } else if (step.op === 'its_ctrl_reset') found.push(...vm.reset(step.its ?? 0))
    else vm.take(step, index)
  }
  return [...found, ...vm.restores()].sort((a, b) => a.step - b.step)
}

const stepsOfCreation = ({ gic_init }: StepOf<'create_vm'>): RestoreStep[] => [
  'memory',
  'vcpus',
  ...(gic_init ? (['gic-init'] as const) : []),
  'its-address',
]

/** The steps that one ITS has seen, those of its VM among them, and where RESTORE_TABLES was among the recording's. */
interface ItsSteps {
  readonly taken: RestoreStep[]
  restored: number | undefined
}

/** A VM under way: what its VMM did, ITS by ITS. */
class VmSteps {
  /** What concerns every ITS, and outlives its reset. */
  readonly #shared: RestoreStep[]
  readonly #itses = new Map<number, ItsSteps>()

  constructor(shared: RestoreStep[]) {
    this.#shared = shared
  }

  take(step: Step, index: number): void {
    if (step.op === 'gic_ctrl_init') this.#takeForAll('gic-init')
    else if (step.op === 'redist_write') {
      const taken = redistributorStep(step)
      if (taken !== undefined) this.#takeForAll(taken)
    } else if (step.op === 'its_write') {
      const taken = itsStep(step)
      if (taken !== undefined) this.#its(step.its).taken.push(taken)
    } else if (step.op === 'its_restore_tables') {
      const its = this.#its(step.its)
      its.taken.push('restore-tables')
      its.restored = index
    }
  }

  /** CTRL_RESET ends what is known of an ITS, but for its address. */
  reset(its: number): RecordedRestore[] {
    const before = this.#restoreOf(its)
    this.#itses.delete(its)
    return before
  }

  restores(): RecordedRestore[] {
    return [...this.#itses.keys()].flatMap((its) => this.#restoreOf(its))
  }

  #restoreOf(its: number): RecordedRestore[] {
    const { taken, restored } = this.#its(its)
    if (restored === undefined) return []
    const enabled = taken.indexOf('its-ctlr', taken.lastIndexOf('restore-tables'))
    return [{ step: restored, its, findings: lintRestoreOrder(enabled < 0 ? taken : taken.slice(0, enabled + 1)) }]
  }

  #its(its = 0): ItsSteps {
    const known = this.#itses.get(its) ?? { taken: [...this.#shared], restored: undefined }
    this.#itses.set(its, known)
    return known
  }

  #takeForAll(step: RestoreStep): void {
    this.#shared.push(step)
    for (const { taken } of this.#itses.values()) taken.push(step)
  }
}

const isEnabling = ({ value }: { readonly value: string }): boolean => (BigInt(value) & 1n) === 1n

function itsStep(step: StepOf<'its_write'>): RestoreStep | undefined {
  const taken = stepOfItsRegister(Number(itsRegisterOffset(step.reg)))
  return taken === 'its-ctlr' && !isEnabling(step) ? undefined : taken
}

function redistributorStep(step: StepOf<'redist_write'>): RestoreStep | undefined {
  const offset = Number(redistributorAttributes(0, step.reg)[0]! & 0xffffffffn)
  if (offset === GICR.PROPBASER || offset === GICR.PENDBASER) return 'lpi-tables'
  return offset === GICR.CTLR && isEnabling(step) ? 'enable-lpis' : undefined
}
