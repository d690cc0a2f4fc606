import { type RestoredIn, ScopeSteps, type Step } from '@vits/core/conformance'
import type { Its } from '@vits/core/its'
import type { GuestMemory } from '@vits/core/memory'
import type { HistoryStep, Scope } from '@vits/core/scope'
import { mappedIn } from './mapped.ts'

/** What is asked of one VM among others of the same scope: it begins with a reset and zeroed tables, and ends with what a restore has made. */
export interface Segment {
  /** What it shows, where it is the shortest history to a wrong restore. */
  readonly counterexample?: string
  /** The history, in words; of an image the one that led to it. */
  readonly says: readonly string[]
  readonly kind: 'history' | 'image'
  readonly scope: Scope
  readonly steps: readonly Step[]
  /** Index of the first step that is no more of the history: what is mapped there must come back. */
  readonly ends: number
  /** What must come back of an image. */
  readonly had?: string
  /** Index of RESTORE_TABLES. */
  readonly restores: number
}

/** Brings up the VM in which segments of a scope are played. */
export function prologue(scope: Scope): Step[] {
  const steps = new ScopeSteps(scope)
  steps.begin()
  return steps.steps
}

/** A history that a kernel lives, saves itself and restores. */
export function livedBy(scope: Scope, history: readonly HistoryStep[], where: RestoredIn): Segment {
  const writer = new ScopeSteps(scope, where === 'a new VM' ? 'at whole tables' : 'where entries are')
  writer.beginAnew()
  for (const step of history) writer.play(step)
  const ends = writer.steps.length
  writer.finish(where)
  return { ...told(scope, history, writer.steps), kind: 'history', ends }
}

/** What somebody else has saved, which a kernel restores; `its` has what was mapped. */
export function restoredBy(scope: Scope, history: readonly HistoryStep[], { memory, its }: Saved): Segment {
  const writer = new ScopeSteps(scope, 'where entries are')
  const baser = history.findLast(({ does }) => does === 'baser')?.deviceBaser
  writer.restoreImage({ memory, ...(baser !== undefined && { baser }) })
  return { ...told(scope, history, writer.steps), kind: 'image', ends: 0, had: mappedIn(its, scope.events) }
}

interface Saved {
  readonly memory: GuestMemory
  readonly its: Its
}

function told(scope: Scope, history: readonly HistoryStep[], steps: readonly Step[]) {
  const restores = steps.findLastIndex(({ op }) => op === 'its_restore_tables')
  return { scope, says: history.map(({ says }) => says), steps, restores }
}
