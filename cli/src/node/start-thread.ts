import { getAsset, isSea } from 'node:sea'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import type { ScopeName } from '@vits/core/scope'
import type { Start } from '../leash/messages.ts'

/** What a thread of the program is for, and what it is given. */
export type Task =
  | { readonly thread: 'job'; readonly start: Start }
  | { readonly thread: 'monitor'; readonly address: string }
  | { readonly thread: 'share'; readonly scope: ScopeName; readonly index: number; readonly of: number }

/** The bundle of `work.ts`: a file beside this one, and an asset of a single executable. */
export const WORK = 'work.cjs'

/** Starts a thread, which begins with `work.ts`. */
export function startThread(task: Task, options: WorkerOptions = {}): Worker {
  const given = { ...options, workerData: task }
  return isSea()
    ? new Worker(getAsset(WORK, 'utf8'), { ...given, eval: true })
    : new Worker(new URL(WORK, import.meta.url), given)
}
