import fc from 'fast-check'
import { type HistoryStep, stepOf } from '../history.ts'
import { Model } from '../model.ts'
import type { Operation } from '../operations/operation.ts'
import { operationsOf } from '../operations/operations.ts'
import type { Scope } from '../scope.ts'
import { Symmetry } from '../symmetry.ts'

/** At each step of a history, which of the operations that may happen does. */
export const choices = fc.array(fc.nat(10_000), { minLength: 1, maxLength: 40 })

/** A scope's VM, and where random histories of it lead. */
export class Walk {
  readonly model: Model
  readonly operations: readonly Operation[]
  readonly symmetry: Symmetry

  constructor(scope: Scope) {
    this.model = new Model(scope)
    this.operations = operationsOf(this.model)
    this.symmetry = new Symmetry(this.model)
  }

  to(list: readonly number[]): Uint8Array {
    let here: Uint8Array = new Uint8Array(this.model.shape.bytes)
    for (const choice of list) here = this.#step(here, choice)?.next ?? here
    return here
  }

  /** The same as steps that can be done to any other VM. A step that the scope has no state for is left out. */
  history(list: readonly number[]): HistoryStep[] {
    const history: HistoryStep[] = []
    let here: Uint8Array = new Uint8Array(this.model.shape.bytes)
    for (const choice of list) {
      const step = this.#step(here, choice)
      if (step === undefined) continue
      history.push(stepOf(step.operation))
      here = step.next
    }
    return history
  }

  #step(here: Uint8Array, choice: number): { readonly operation: Operation; readonly next: Uint8Array } | undefined {
    const may = this.operations.filter((one) => one.may(here))
    const operation = may[choice % may.length]!
    const next = this.after(here, operation)
    return next && { operation, next }
  }

  after(record: Uint8Array, operation: Operation): Uint8Array | undefined {
    const next = new Uint8Array(this.model.shape.bytes)
    this.model.load(record)
    const goesOn = operation.run()
    return this.model.store(next) && goesOn ? next : undefined
  }

  /** What follows a state, but for names. */
  following(record: Uint8Array): string[] {
    const may = this.operations.filter((one) => one.may(record))
    return may
      .map((one) => {
        const next = this.after(record, one)
        return `${one.name} ${next && this.symmetry.canonical(next)}`
      })
      .sort()
  }
}
