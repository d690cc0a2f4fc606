import type { MessagePort } from 'node:worker_threads'
import type { ExitBits } from '../exit-code.ts'
import type { Job } from '../job.ts'
import type { Claims } from './claims.ts'

/** What a worker is given when it begins. */
export interface Start {
  readonly job: Job
  /** Which files are its own, where each has its turn. */
  readonly claims: Claims | undefined
  /** How many threads share what memory there is. */
  readonly jobs: number
  readonly colour: boolean
  /** Columns of a line. */
  readonly width: number
  /** Somebody looks at them on a terminal. */
  readonly isTerminal: boolean
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
  | { readonly say: 'begin'; readonly file: string; readonly index: number }
  | { readonly say: 'opened' }
  | { readonly say: 'found'; readonly document: unknown }
  | { readonly say: 'end' | 'done'; readonly bits: ExitBits }
