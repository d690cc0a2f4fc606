import type { ProfileId } from '../abi/index.ts'
import type { Its } from '../its/index.ts'
import type { GuestMemory } from '../memory/index.ts'
import type { SealLimit } from '../seal/index.ts'
import { mappedText } from './difference.ts'
import type { Explored, WrongRestore } from './explored.ts'
import { Facts } from './facts.ts'
import { concreteHistory, type HistoryStep, Origins } from './history.ts'
import { Judge, type Wrong } from './judge.ts'
import { Model } from './model.ts'
import type { Operation } from './operations/operation.ts'
import { operationsOf } from './operations/operations.ts'
import { savedBy, saveModeRow, suspendMode } from './save-modes.ts'
import { checkScope, type Scope } from './scope.ts'
import { StateSet } from './state-set.ts'
import { Symmetry } from './symmetry.ts'
import { Tally } from './tally.ts'

/** A state that is loaded: its representative, which is the first of those that are the same but for names. */
export interface Visit {
  readonly index: number
  readonly depth: number
  /** As it is loaded. What is mapped may be changed, and the tables in `memory` too: they are made anew after the visit. */
  readonly its: Its
  readonly memory: GuestMemory
  /**
   * A history from nothing, without renamings. From then on `its` and `memory` are as it leaves them, and a saved image as it is saved then:
   * the same state but for names.
   */
  history(): readonly HistoryStep[]
}

/** A state that was saved: `memory` holds the image, `its` still what was mapped. */
export interface ImageVisit extends Visit {
  /** What kernels make of it that is not what was saved. */
  readonly wrong: readonly Wrong[]
  /** What a sealed save says no bytes could help. */
  readonly limits: readonly SealLimit[]
}

/** Who looks at every state and every image. What it throws ends the exploration. */
export interface Visitor {
  state?(visit: Visit): void
  image?(visit: ImageVisit): void
}

export interface ExploreOptions {
  /** No more states than this are come to. */
  readonly mostStates?: number
  /** No history has more operations. */
  readonly mostDepth?: number
  /** Asked now and then: true ends it. */
  readonly isTimeUp?: () => boolean
  /** False: no state stands for another. */
  readonly symmetry?: boolean
  readonly visitor?: Visitor
  /** The visitor sees every k-th state and every k-th image. Default 1. */
  readonly every?: number
  /** Told after each depth. */
  readonly onDepth?: (depth: number, states: number, steps: number) => void
}

/**
 * Goes through every state that a history of a scope leads to, breadth first: each is saved, and what was saved restored on every kernel of
 * the scope. The order is always the same. @throws RangeError for a scope that cannot be gone through.
 */
export function explore(scope: Scope, options: ExploreOptions = {}): Explored {
  checkScope(scope)
  return new Exploration(scope, options).run()
}

const STATES_BETWEEN_LOOKS = 256

class Exploration {
  readonly #options: ExploreOptions
  readonly #model: Model
  readonly #facts: Facts
  readonly #operations: readonly Operation[]
  /** Which of the operations does what the save that is judged does. */
  readonly #sameSave: number
  readonly #symmetry: Symmetry
  readonly #judge: Judge
  readonly #states: StateSet
  readonly #images: StateSet
  readonly #origins = new Origins()
  readonly #tally = new Tally()
  #steps = 0
  #outside = 0
  /** The state under way, what came of its save, and what an operation made, each also as words. */
  readonly #here: Uint8Array
  readonly #saved: Uint8Array
  readonly #next: Uint8Array
  readonly #canonical: Uint8Array
  readonly #words: Int32Array

  constructor(scope: Scope, options: ExploreOptions) {
    this.#options = options
    const model = new Model(scope)
    this.#model = model
    this.#facts = new Facts(model)
    this.#operations = operationsOf(model)
    const own = scope.save === suspendMode(scope.save) ? 'SAVE' : scope.save === 'seal' ? 'SEAL' : undefined
    this.#sameSave = this.#operations.findIndex(({ name }) => name === own)
    this.#symmetry = new Symmetry(model, options.symmetry ?? true)
    this.#judge = new Judge(model)
    const { bytes } = model.shape
    this.#states = new StateSet(bytes)
    this.#images = new StateSet(bytes)
    this.#here = new Uint8Array(bytes)
    this.#saved = new Uint8Array(bytes)
    this.#next = new Uint8Array(bytes)
    this.#canonical = new Uint8Array(bytes)
    this.#words = new Int32Array(this.#canonical.buffer)
  }

  run(): Explored {
    this.#add(this.#states, this.#here)
    const { mostDepth = Number.POSITIVE_INFINITY, mostStates = Number.POSITIVE_INFINITY, isTimeUp, onDepth } = this.#options
    let from = 0
    for (let depth = 0; ; depth++) {
      const to = this.#states.count
      if (from === to) return this.#explored('fixpoint', depth - 1)
      for (let state = from; state < to; state++) {
        this.#visit(state, depth, depth < mostDepth)
        if (this.#states.count > mostStates) return this.#explored('states', depth - 1)
        if (state % STATES_BETWEEN_LOOKS === 0 && isTimeUp?.()) return this.#explored('time', depth - 1)
      }
      onDepth?.(depth, this.#states.count, this.#steps)
      if (depth === mostDepth) return this.#explored('depth', depth)
      from = to
    }
  }

  /** Judges a state, and goes on from it. */
  #visit(state: number, depth: number, goesOn: boolean): void {
    const model = this.#model
    this.#states.get(state, this.#here)
    model.load(this.#here)
    if (this.#options.visitor?.state !== undefined && this.#isSampled(state)) {
      this.#options.visitor.state({ index: state, depth, ...this.#loaded(state, false) })
      this.#afterVisit()
    }
    this.#save(state, depth)
    if (!goesOn) return
    for (let one = 0; one < this.#operations.length; one++) {
      if (this.#operations[one]!.may(this.#here)) this.#step(state, one)
    }
  }

  #step(state: number, one: number): void {
    this.#steps++
    if (one === this.#sameSave) {
      this.#enter(state, one, this.#saved)
      return
    }
    const model = this.#model
    model.load(this.#here)
    const goesOn = this.#operations[one]!.run()
    const isWhole = model.store(this.#next)
    if (!isWhole) this.#outside++
    else if (goesOn) this.#enter(state, one, this.#next)
  }

  #enter(parent: number, operation: number, record: Uint8Array): void {
    const index = this.#add(this.#states, record)
    if (index < 0) this.#origins.add(-1 - index, parent, operation)
  }

  #add(set: StateSet, record: Uint8Array): number {
    this.#canonical.set(this.#symmetry.canonical(record))
    return set.add(this.#words)
  }

  /** Saves the state that is loaded, and judges the image if there was none like it. */
  #save(state: number, depth: number): void {
    const model = this.#model
    const saved = savedBy(model, model.scope.save)
    model.store(this.#saved)
    if (!saved.ok) {
      this.#tally.refused({ state, depth, misuse: this.#facts.misuse(this.#here) }, `${saved.errno}, ${saved.reason}`)
      return
    }
    if (this.#add(this.#images, this.#saved) < 0) this.#judgeImage(state, depth)
  }

  #judgeImage(state: number, depth: number): void {
    const limits = this.#limits()
    if (limits.length > 0) this.#tally.limits(limits)
    const wrong = this.#judge.wrong(this.#saved, limits)
    if (wrong.length > 0) this.#tally.wrong({ state, depth, misuse: this.#facts.misuse(this.#here) }, wrong)
    const { visitor } = this.#options
    if (visitor?.image === undefined || !this.#isSampled(this.#images.count - 1)) return
    visitor.image({ index: state, depth, wrong, limits, ...this.#loaded(state, true) })
    this.#afterVisit()
  }

  /** What the save says of the state that it was made of. @throws Error when it would not be saved so again. */
  #limits(): readonly SealLimit[] {
    const model = this.#model
    const again = saveModeRow(model.scope.save).limits?.(model.its)
    if (again === undefined) return []
    model.store(this.#next)
    if (!again.ok || this.#next.some((byte, i) => byte !== this.#saved[i]))
      throw new Error('a second save of a state is not as the first')
    return again.value.limits
  }

  #isSampled(index: number): boolean {
    return index % (this.#options.every ?? 1) === 0
  }

  #loaded(state: number, isSaved: boolean): Pick<Visit, 'its' | 'memory' | 'history'> {
    const model = this.#model
    const history = (): readonly HistoryStep[] => {
      const steps = this.#history(state)
      if (isSaved) {
        savedBy(model, model.scope.save)
        model.store(this.#next)
      }
      return steps
    }
    return { its: model.its, memory: model.memory, history }
  }

  /** After a visit the state under way is loaded anew. */
  #afterVisit(): void {
    this.#model.clear()
    this.#model.load(this.#here)
  }

  /** The model ends in the state that it leads to. */
  #history(state: number): HistoryStep[] {
    return concreteHistory(this.#model, this.#operations, this.#symmetry, this.#states, this.#origins.way(state))
  }

  /** What was mapped and what a kernel made of it, by the names of the history without renamings. */
  #told(state: number, kernel: ProfileId, kind: string): Pick<WrongRestore, 'had' | 'restored'> {
    const model = this.#model
    this.#history(state)
    const saved = savedBy(model, model.scope.save)
    model.store(this.#saved)
    const had = mappedText(model, this.#saved)
    const wrong = this.#judge
      .wrong(this.#saved, saved.ok ? this.#limits() : [])
      .find((one) => one.kernel === kernel && one.kind === kind)
    return { had, restored: wrong?.restored ?? '' }
  }

  #explored(ended: Explored['ended'], depth: number): Explored {
    const { restores } = this.#judge
    return {
      ended,
      depth,
      states: this.#states.count,
      steps: this.#steps,
      outside: this.#outside,
      images: this.#images.count,
      restores,
      ...this.#tally.result(
        (state) => this.#history(state),
        (state, kernel, kind) => this.#told(state, kernel, kind),
      ),
    }
  }
}
