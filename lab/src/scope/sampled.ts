import { explore, type HistoryStep, type ImageVisit, type Scope, scopeNamed, type Visit } from '@vits/core/scope'
import { livedBy, restoredBy, type Segment } from './segments.ts'

/** Segments that one VM is asked: the last history of them ends in a new VM, and its tables are looked at whole. */
const TOGETHER = 20

/** Histories and images of one scope, evenly from the first state to the last. */
export interface Sampled {
  readonly name: string
  readonly scope: Scope
  /** Of the scope, and of those whose histories are here. */
  readonly states: number
  readonly images: number
  readonly histories: readonly (readonly HistoryStep[])[]
  readonly saved: readonly Segment[]
}

/**
 * Goes through a scope, or the first so many of its states, twice: first to count them. Restores are not asked of the model here.
 */
export function sampled(name: string, paths: number, mostStates = Number.POSITIVE_INFINITY): Sampled {
  const scope: Scope = { ...scopeNamed(name), restoredOn: [] }
  if (paths === 0) return { name, scope, states: 0, images: 0, histories: [], saved: [] }
  const { states, images } = explore(scope, { mostStates })
  const histories: (readonly HistoryStep[])[] = []
  const saved: Segment[] = []
  const isOwn = scope.save === 'own' && scope.migratesTo === undefined
  const state = (visit: Visit) => {
    const history = visit.history()
    if (isPlayable(history)) histories.push(history)
  }
  const image = (visit: ImageVisit) => void saved.push(restoredBy(scope, visit.history(), visit))
  explore(scope, { mostStates, every: everyOf(states, paths), visitor: { state } })
  if (!isOwn) explore(scope, { mostStates, every: everyOf(images, paths), visitor: { image } })
  return { name, scope, states, images, histories: histories.slice(0, paths), saved: saved.slice(0, paths) }
}

/**
 * A RESTORE onto devices that are there is left out, as in random histories: KVM has each device twice then, and which of the two answers changes with
 * every save; the model keeps to one.
 */
export const isPlayable = (history: readonly HistoryStep[]): boolean => history.every(({ does }) => does !== 'restore')

const everyOf = (all: number, wanted: number): number => Math.max(1, Math.floor(all / wanted))

/** What is asked of one VM after another. */
export function batches({ scope, histories, saved }: Sampled): (readonly Segment[])[] {
  const lived = inParts(histories).map((part) =>
    part.map((history, n) => livedBy(scope, history, n === part.length - 1 ? 'a new VM' : 'the same VM')),
  )
  return [...lived, ...inParts(saved)]
}

const inParts = <T>(all: readonly T[]): (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / TOGETHER) }, (_, n) => all.slice(n * TOGETHER, (n + 1) * TOGETHER))
