import type { ExitBits } from './exit-code.ts'
import type { Io } from './io.ts'
import type { Option } from './options/option.ts'

type Options = Readonly<Record<string, Option<unknown>>>

/** What a command takes and says of itself. What it does is loaded when it runs: help and wrong usage wait for none of it. */
export interface Usage<O extends Options = Options> {
  /** One word, or two: `selftest vlpi` is the command vlpi below selftest, in whatever order they are registered. */
  readonly name: string
  /** As commander writes them: `<file...>`, `[path...]`, `<a> <b>`; all of them arrive as one list of words. */
  readonly args: string
  readonly summary: string
  /** What else `--help` should say. */
  readonly details?: string
  readonly examples: readonly string[]
  /** Each word is a file that has its turn, whatever comes of the others. */
  readonly eachFile?: true
  /** Named as commander names them: `--dry-run` is `dryRun`. */
  readonly options: O
}

/** Declares one, and keeps the types of its options. */
export const usage = <const O extends Options>(declared: Usage<O>): Usage<O> => declared

type Values<O extends Options> = {
  readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never
}

/** What a command of that usage does, with its words, and its options by name. */
export type Run<U extends Usage> = (args: readonly string[], options: Values<U['options']>, io: Io) => Promise<ExitBits>
