import type { Outcome } from '../memory/index.ts'
import type { SealLimit } from '../seal/index.ts'
import type { Saved } from '../tables/index.ts'
import { Facts } from './facts.ts'
import { Model } from './model.ts'
import type { Operation } from './operations/operation.ts'
import { operationsOf } from './operations/operations.ts'
import { savedBy, saveModeRow, suspendMode } from './save-modes.ts'
import type { Scope } from './scope.ts'
import { Symmetry } from './symmetry.ts'

/** One state at a time: what its save leaves, and which states follow it. */
export class Expansion {
  readonly model: Model
  readonly operations: readonly Operation[]
  readonly symmetry: Symmetry
  /** Operations that were done. */
  steps = 0
  /** Of those, the ones that led out of the scope. */
  outside = 0
  /** The state under way, and what came of its save. */
  readonly here: Uint8Array
  readonly saved: Uint8Array
  /** Which of the operations does what the save does that is judged. */
  readonly #sameSave: number
  readonly #facts: Facts
  readonly #next: Uint8Array
  readonly #canonical: Uint8Array
  readonly #words: Int32Array

  constructor(scope: Scope, isSymmetric: boolean) {
    this.model = new Model(scope)
    this.operations = operationsOf(this.model)
    this.symmetry = new Symmetry(this.model, isSymmetric)
    this.#facts = new Facts(this.model)
    const own = scope.save === suspendMode(scope.save) ? 'SAVE' : scope.save === 'seal' ? 'SEAL' : undefined
    this.#sameSave = this.operations.findIndex(({ name }) => name === own)
    const { bytes } = this.model.shape
    this.here = new Uint8Array(bytes)
    this.saved = new Uint8Array(bytes)
    this.#next = new Uint8Array(bytes)
    this.#canonical = new Uint8Array(bytes)
    this.#words = new Int32Array(this.#canonical.buffer)
  }

  /** The record that stands for this one, as words: until the next call. */
  canonical(record: Uint8Array): Int32Array {
    this.#canonical.set(this.symmetry.canonical(record))
    return this.#words
  }

  /** Makes the VM the state under way. */
  load(): void {
    this.model.load(this.here)
  }

  /** Saves the VM by the scope's mode: `saved` is what it then is. */
  save(): Outcome<Saved> {
    const { model } = this
    const answer = savedBy(model, model.scope.save)
    model.store(this.saved)
    return answer
  }

  /** Saves what is loaded, which need not be the state under way; `saved` stays. */
  saveLoaded(): void {
    savedBy(this.model, this.model.scope.save)
    this.model.store(this.#next)
  }

  /**
   * What the save that left `saved` says no bytes could help; nothing where it does not look. @throws Error when the state would not be
   * saved so again.
   */
  limits(): readonly SealLimit[] {
    const { model, saved } = this
    const again = saveModeRow(model.scope.save).limits?.(model.its)
    if (again === undefined) return []
    model.store(this.#next)
    if (!again.ok || this.#next.some((byte, i) => byte !== saved[i]))
      throw new Error('a second save of a state is not as the first')
    return again.value.limits
  }

  /** What of the state under way no driver makes, in words. */
  misuse(): string[] {
    return this.#facts.misuse(this.here)
  }

  /** Does every operation that may happen in the state under way, which was saved, and tells what each leads to. */
  goOn(enter: (record: Uint8Array, operation: number) => void): void {
    const { model, operations, here } = this
    for (let one = 0; one < operations.length; one++) {
      const operation = operations[one]!
      if (!operation.may(here)) continue
      this.steps++
      if (one === this.#sameSave) {
        enter(this.saved, one)
        continue
      }
      model.load(here)
      const goesOn = operation.run()
      if (!model.store(this.#next)) this.outside++
      else if (goesOn) enter(this.#next, one)
    }
  }
}
