import type { MessagePort } from 'node:worker_threads'
import type { ExitBits } from '../exit-code.ts'
import type { Job } from '../job.ts'

/** What a worker is given when it begins. */
export interface Start {
  readonly job: Job
  /** How many files have had their turn in a worker before this one. */
  readonly done: number
  readonly colour: boolean
  /** Columns of a line. */
  readonly width: number
  /** Somebody watches progress. */
  readonly watched: boolean
  /** Where it tells what must not stay on the disk when it is stopped. */
  readonly unfinished: MessagePort
  /** Shared: 1 while bytes of a file are overwritten where they lie. */
  readonly patching: Int32Array
}

/** What a worker says, in order. */
export type Said =
  | { readonly say: 'out' | 'err' | 'progress'; readonly text: string }
  | { readonly say: 'begin'; readonly file: string }
  | { readonly say: 'opened' }
  | { readonly say: 'end' | 'done'; readonly bits: ExitBits }
