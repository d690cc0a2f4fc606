import type { ProfileId } from '../abi/index.ts'
import type { Model } from './model.ts'
import { type Deed, type OperationName, operationRows } from './operation-names.ts'
import type { GuestWrite, Operation } from './operations/operation.ts'
import type { StateSet } from './state-set.ts'
import type { Symmetry } from './symmetry.ts'

/** One step of a history, as it can be done to a VM of any other kind. */
export interface HistoryStep {
  readonly operation: OperationName
  /** With its operands: `MAPD DeviceID 0 ITT A`. */
  readonly says: string
  readonly does: Deed
  /** What the guest stores into RAM first. */
  readonly writes: readonly GuestWrite[]
  /** What it then puts into the command queue: eight words each. */
  readonly commands: readonly Uint32Array[]
  /** The kernel that MIGRATE leads to. */
  readonly to?: ProfileId
  /** What GITS_BASER0 becomes. */
  readonly deviceBaser?: bigint
}

/** How every state was come to first. */
export class Origins {
  #parents = new Int32Array(1024).fill(-1)
  #operations = new Uint16Array(1024)

  add(state: number, parent: number, operation: number): void {
    if (state >= this.#parents.length) {
      const [parents, operations] = [new Int32Array(state * 2), new Uint16Array(state * 2)]
      parents.set(this.#parents)
      operations.set(this.#operations)
      this.#parents = parents
      this.#operations = operations
    }
    this.#parents[state] = parent
    this.#operations[state] = operation
  }

  /** The states on the way to one, the first after the beginning first, each with the operation that led there. */
  way(state: number): { readonly state: number; readonly operation: number }[] {
    const way: { state: number; operation: number }[] = []
    for (let at = state; at > 0; at = this.#parents[at]!) way.push({ state: at, operation: this.#operations[at]! })
    return way.reverse()
  }
}

/**
 * A history from nothing to a state, without renamings: the model ends in the state that it leads to, which is the given one but for names.
 * Each step is that which was found, or one that differs from it in names.
 */
export function concreteHistory(
  model: Model,
  operations: readonly Operation[],
  symmetry: Symmetry,
  states: StateSet,
  way: ReturnType<Origins['way']>,
): HistoryStep[] {
  let here = new Uint8Array(model.shape.bytes)
  let next = new Uint8Array(model.shape.bytes)
  const wanted = new Uint8Array(model.shape.bytes)
  const steps: HistoryStep[] = []
  for (const { state, operation } of way) {
    states.get(state, wanted)
    const step = operations.find((one) => {
      if (one.name !== operations[operation]!.name || !one.may(here)) return false
      model.load(here)
      return one.run() && model.store(next) && isSame(symmetry.canonical(next), wanted)
    })
    if (step === undefined) throw new Error('no step leads on without renaming: the symmetry is unsound')
    steps.push(stepOf(step))
    ;[here, next] = [next, here]
  }
  model.load(here)
  return steps
}

export function stepOf({ name, says, writes, commands, to, deviceBaser }: Operation): HistoryStep {
  const { does } = operationRows[name]
  return {
    operation: name,
    says,
    does,
    writes,
    commands,
    ...(to !== undefined && { to }),
    ...(deviceBaser !== undefined && { deviceBaser }),
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
