import type { CheckedDocument } from '@vits/core/documents'
import { ExitCode } from '../exit-code.ts'

/** What a file comes to among many, the worst first. */
export const states = ['fails', 'corrupts', 'undecided', 'unreadable', 'restores'] as const
export type State = (typeof states)[number]

/** What each says of a file. */
export const stateWords: Readonly<Record<State, string>> = {
  fails: 'the restore fails',
  corrupts: 'the restore succeeds and the guest loses, gains or misdirects interrupts',
  undecided: 'not everything was looked at, or is known of the kernel',
  unreadable: 'could not be read, or is no saved VM',
  restores: 'every interrupt comes back',
}

/** One file of many. */
export interface Row {
  readonly file: string
  readonly state: State
  /** What is the matter, short. */
  readonly what: string
  /** Problems that decide the verdict, each once, the worst first. */
  readonly codes: readonly string[]
  /** It restores, and is a problem as it was asked: for its leftovers (--strict), or on another kernel (--kernel all). */
  readonly isAsked: boolean
}

/** Files by what they come to. */
export type Counts = Readonly<Record<State, number>>

export function rowOf(document: CheckedDocument): Row {
  const { file } = document
  if ('error' in document) {
    const { verdict, error } = document
    return { file, state: verdict ?? 'unreadable', what: error.says, codes: [], isAsked: false }
  }
  const { verdict, findings, gaps, errno, undo, asked, kernels } = document
  const harm = findings.filter(({ severity }) => severity === 'fails' || severity === 'corrupts').map(({ code }) => code)
  const codes = [...new Set<string>([...harm, ...(verdict === 'undecided' ? gaps.map(({ code }) => code) : [])])]
  const leftovers = findings.filter(({ severity }) => severity === 'latent').length
  const isAsked = verdict === 'restores' && ((asked?.exit ?? ExitCode.Ok) & ExitCode.Problems) !== 0
  const elsewhere = asked?.options.includes('--kernel=all') ? kernels.filter((one) => one.verdict !== 'restores') : []
  const what = [
    ...(errno === null ? [] : [errno]),
    ...(codes.length === 0 ? [] : [codes.join(' ')]),
    ...(leftovers === 0 || verdict === 'fails' ? [] : [`${leftovers} ${leftovers === 1 ? 'leftover' : 'leftovers'}`]),
    ...(elsewhere.length === 0 || verdict === 'fails' ? [] : [`not on ${elsewhere.map(({ kernel }) => kernel).join(' ')}`]),
    ...(undo?.state === 'interrupted' ? ['a repair was interrupted (vits undo)'] : []),
  ]
  return { file, state: verdict, what: what.join(', '), codes, isAsked }
}

export function countsOf(rows: readonly Row[]): Counts {
  return Object.fromEntries(states.map((state) => [state, rows.filter((row) => row.state === state).length])) as unknown as Counts
}
