import fc from 'fast-check'
import { NEWEST, type ProfileId } from '../../abi/index.ts'
import { type Explored, type ExploreOptions, explore, type Scope, ScopeVm } from '../../scope/index.ts'
import { choices, Walk } from '../../scope/testing/walk.ts'
import { checkLaw } from './check-law.ts'
import type { Law } from './law.ts'
import { Question } from './question.ts'
import { lastLife, missingQueue, type Queue, wholeQueue, wrappedQueue } from './queues.ts'
import { repairLaw } from './repair-law.ts'
import { Restorers } from './restorers.ts'
import { type SavedImage, savedImage } from './saved-image.ts'
import { waryLaw } from './wary-law.ts'
import { witnessLaw } from './witness-law.ts'

export const lawNames = ['check', 'witnesses', 'wary restore', 'repair'] as const
export type LawName = (typeof lawNames)[number]

export const lawsFor = (restorers: Restorers): Readonly<Record<LawName, Law>> => ({
  check: checkLaw,
  witnesses: witnessLaw,
  'wary restore': waryLaw,
  repair: repairLaw(restorers),
})

/** What came of a law, counted. */
export interface LawCounts {
  /** Saved VMs that were asked, each with one command queue. */
  asked: number
  /** By the queue and what came of it. */
  readonly counts: Map<string, number>
  contradictions: number
  /** The first few. */
  readonly first: string[]
}

export type Asked = Readonly<Record<LawName, LawCounts>>

const noCounts = (): LawCounts => ({ asked: 0, counts: new Map(), contradictions: 0, first: [] })
const MOST_TOLD = 10

/** The laws of one scope, asked of saved VMs. */
export class Laws {
  readonly asked: Asked = { check: noCounts(), witnesses: noCounts(), 'wary restore': noCounts(), repair: noCounts() }
  readonly #restorers: Restorers
  readonly #laws: Readonly<Record<LawName, Law>>

  constructor(scope: Scope) {
    this.#restorers = new Restorers(scope)
    this.#laws = lawsFor(this.#restorers)
  }

  ask(image: SavedImage, queue: Queue, kernel: ProfileId, names: readonly LawName[] = lawNames): void {
    const question = new Question(image, queue, kernel, this.#restorers)
    for (const name of names) {
      const into = this.asked[name]
      into.asked++
      for (const { outcome, contradictions } of this.#laws[name].ask(question)) {
        const word = `${queue.name} queue, ${outcome}`
        into.counts.set(word, (into.counts.get(word) ?? 0) + 1)
        into.contradictions += contradictions.length
        for (const says of contradictions) {
          if (into.first.length < MOST_TOLD) into.first.push(`${says}\n  ${question.says}`)
        }
      }
    }
  }
}

/** How densely the images of a scope are asked: each n-th. */
export interface AskOptions {
  readonly every: number
  /** Of the images that are asked, each n-th is asked with the beginning of its history overwritten at every place; the others at one. */
  readonly everyCut: number
  readonly explore?: ExploreOptions
  /** Default: all. */
  readonly names?: readonly LawName[]
}

/**
 * Asks the laws of the saved images of a scope, each by the shortest history that leads to it: with the whole history in the command queue, with
 * its beginning overwritten, and with none of it.
 */
export function askLaws(
  scope: Scope,
  { every, everyCut, explore: limits, names = lawNames }: AskOptions,
): { explored: Explored; asked: Asked } {
  const laws = new Laws(scope)
  let seen = 0
  const explored = explore(scope, {
    ...limits,
    every,
    visitor: {
      image: (visit) => {
        const image = savedImage(scope, visit)
        const n = seen++
        const kernel = n % 4 === 3 ? NEWEST : scope.kernel
        laws.ask(image, wholeQueue(image.history), kernel, names)
        laws.ask(image, missingQueue(image.history), kernel, names)
        for (const queue of wrapped(image, n, n % everyCut === 0)) laws.ask(image, queue, kernel, names)
      },
    },
  })
  return { explored, asked: laws.asked }
}

/** The same of the saved VMs that so many random histories lead to, by whatever way: most are longer than they need to be. */
export function askOtherWays(scope: Scope, numRuns: number, seed: number): Asked {
  const laws = new Laws(scope)
  const walk = new Walk(scope)
  for (const [n, list] of fc.sample(choices, { numRuns, seed }).entries()) {
    const history = walk.history(list)
    const vm = new ScopeVm(scope)
    vm.play(history)
    if (!vm.save().ok) continue
    const image = savedImage(scope, { history: () => history, its: vm.its, memory: vm.memory })
    for (const queue of [wholeQueue(history), missingQueue(history), ...wrapped(image, n, false)])
      laws.ask(image, queue, scope.kernel)
  }
  return laws.asked
}

/** Where in the ring a history ends, beside the slot that follows from its length: in the middle, and so that it goes round within. */
const ENDS = [undefined, 61, 2] as const

function* wrapped({ history }: SavedImage, n: number, atEvery: boolean): Generator<Queue> {
  const most = lastLife(history).length
  const end = ENDS[n % ENDS.length]
  if (most === 0) return
  if (!atEvery) yield wrappedQueue(history, 1 + (n % most), end)
  else for (let cut = 1; cut <= most; cut++) yield wrappedQueue(history, cut, end)
}
