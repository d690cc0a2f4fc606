import type { ProfileId } from '../abi/index.ts'
import type { Its } from '../its/index.ts'
import type { GuestMemory } from '../memory/index.ts'
import type { SealLimit } from '../seal/index.ts'
import { mappedText } from './difference.ts'
import { Expansion } from './expansion.ts'
import type { Explored, WrongRestore } from './explored.ts'
import { concreteHistory, type HistoryStep, Origins } from './history.ts'
import { Judge, type Wrong } from './judge.ts'
import { checkScope, type Scope } from './scope.ts'
import { StateSet } from './state-set.ts'
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
  readonly #expansion: Expansion
  readonly #judge: Judge
  readonly #states: StateSet
  readonly #images: StateSet
  readonly #origins = new Origins()
  readonly #tally = new Tally()

  constructor(scope: Scope, options: ExploreOptions) {
    this.#options = options
    this.#expansion = new Expansion(scope, options.symmetry ?? true)
    const { model } = this.#expansion
    this.#judge = new Judge(model)
    this.#states = new StateSet(model.shape.bytes)
    this.#images = new StateSet(model.shape.bytes)
  }

  run(): Explored {
    this.#states.add(this.#expansion.canonical(this.#expansion.here))
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
      onDepth?.(depth, this.#states.count, this.#expansion.steps)
      if (depth === mostDepth) return this.#explored('depth', depth)
      from = to
    }
  }

  /** Judges a state, and goes on from it. */
  #visit(state: number, depth: number, goesOn: boolean): void {
    const expansion = this.#expansion
    this.#states.get(state, expansion.here)
    expansion.load()
    if (this.#options.visitor?.state !== undefined && this.#isSampled(state)) {
      this.#options.visitor.state({ index: state, depth, ...this.#loaded(state, false) })
      this.#afterVisit()
    }
    const saved = expansion.save()
    if (!saved.ok) this.#tally.refused({ state, depth, misuse: expansion.misuse() }, `${saved.errno}, ${saved.reason}`)
    else if (this.#images.add(expansion.canonical(expansion.saved)) < 0) this.#judgeImage(state, depth)
    if (!goesOn) return
    expansion.goOn((record, operation) => {
      const index = this.#states.add(expansion.canonical(record))
      if (index < 0) this.#origins.add(-1 - index, state, operation)
    })
  }

  #judgeImage(state: number, depth: number): void {
    const expansion = this.#expansion
    const limits = expansion.limits()
    if (limits.length > 0) this.#tally.limits(limits)
    const wrong = this.#judge.wrong(expansion.saved, limits)
    if (wrong.length > 0) this.#tally.wrong({ state, depth, misuse: expansion.misuse() }, wrong)
    const { visitor } = this.#options
    if (visitor?.image === undefined || !this.#isSampled(this.#images.count - 1)) return
    visitor.image({ index: state, depth, wrong, limits, ...this.#loaded(state, true) })
    this.#afterVisit()
  }

  #isSampled(index: number): boolean {
    return index % (this.#options.every ?? 1) === 0
  }

  #loaded(state: number, isSaved: boolean): Pick<Visit, 'its' | 'memory' | 'history'> {
    const expansion = this.#expansion
    const { model } = expansion
    const history = (): readonly HistoryStep[] => {
      const steps = this.#history(state)
      if (isSaved) expansion.saveLoaded()
      return steps
    }
    return { its: model.its, memory: model.memory, history }
  }

  /** After a visit the state under way is loaded anew. */
  #afterVisit(): void {
    this.#expansion.model.clear()
    this.#expansion.load()
  }

  /** The model ends in the state that it leads to. */
  #history(state: number): HistoryStep[] {
    const { model, operations, symmetry } = this.#expansion
    return concreteHistory(model, operations, symmetry, this.#states, this.#origins.way(state))
  }

  /** What was mapped and what a kernel made of it, by the names of the history without renamings. */
  #told(state: number, kernel: ProfileId, kind: string): Pick<WrongRestore, 'had' | 'restored'> {
    const expansion = this.#expansion
    this.#history(state)
    const answer = expansion.save()
    const had = mappedText(expansion.model, expansion.saved)
    const limits = answer.ok ? expansion.limits() : []
    const wrong = this.#judge.wrong(expansion.saved, limits).find((one) => one.kernel === kernel && one.kind === kind)
    return { had, restored: wrong?.restored ?? '' }
  }

  #explored(ended: Explored['ended'], depth: number): Explored {
    const { restores } = this.#judge
    const { steps, outside } = this.#expansion
    return {
      ...{ ended, depth, states: this.#states.count, steps, outside, images: this.#images.count, restores },
      ...this.#tally.result(
        (state) => this.#history(state),
        (state, kernel, kind) => this.#told(state, kernel, kind),
      ),
    }
  }
}
