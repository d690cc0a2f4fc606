import { problems } from '@vits/core/audit'
import { printable, shellWord } from '../../printable.ts'
import { displayWidth, padded } from '../../render/display-width.ts'
import { fit } from '../../render/layout.ts'
import { hintLines } from '../../render/shell-lines.ts'
import { count } from '../../render/words.ts'
import type { Style } from '../../style.ts'
import type { Printer, Run } from '../printer.ts'
import { countsOf, type Row, rowOf, type State, states, stateWords } from '../row.ts'

/** Columns that a file's name may take before what is beside it moves to the right. */
const WIDEST = 60

/** How many of the problems are told of. */
const MOST_CODES = 5

/** A line for each file, or its report, and what all come to. */
export function table(run: Run): Printer {
  const { files, verbose, style } = run
  const rows: Row[] = []
  const width = Math.min(WIDEST, Math.max(0, ...files.map((file) => displayWidth(printable(file)))))
  return {
    answer: ({ document, report }) => {
      const row = rowOf(document)
      rows.push(row)
      if (verbose && report !== '') return `${rows.length > 1 ? '\n' : ''}${report}`
      // One line for each file, for whatever reads them: only a terminal would break it elsewhere.
      const text = `${line(row, width, style)}\n`
      return style.isTerminal ? fit(text, style) : text
    },
    end: () => `${rows.length === 0 ? '' : '\n'}${summary(rows, run)}`,
  }
}

/** The report of each file, and what all come to where there are several. */
export const reports = (run: Run): Printer => {
  const printer = table({ ...run, verbose: true })
  return run.files.length > 1 ? printer : { answer: ({ report }) => report, end: () => '' }
}

const longestState = Math.max(...states.map((state) => state.length))

function line({ state, file, what }: Row, width: number, style: Style): string {
  const name = printable(file)
  return `${coloured(state, style)}  ${what === '' ? name : `${padded(name, width)}  ${printable(what)}`}`
}

function coloured(state: State, style: Style): string {
  const set = { fails: style.bad, corrupts: style.bad, undecided: style.warn, unreadable: style.warn, restores: style.good }[
    state
  ]
  return `${set(state)}${' '.repeat(longestState - state.length)}`
}

function summary(rows: readonly Row[], { passedOver, style, verbose }: Run): string {
  const counts = countsOf(rows)
  const width = String(rows.length).length
  const asked = rows.filter(({ isAsked }) => isAsked).length
  const [worst] = [...rows].sort((a, b) => states.indexOf(a.state) - states.indexOf(b.state))
  const lines = [
    style.bold(count(rows.length, 'file')),
    ...states.flatMap((state) =>
      counts[state] === 0 ? [] : [`  ${String(counts[state]).padStart(width)}  ${coloured(state, style)}  ${stateWords[state]}`],
    ),
    ...(asked === 0
      ? []
      : [
          `${asked} of those that restore ${asked === 1 ? 'counts' : 'count'} as ${asked === 1 ? 'a problem' : 'problems'}, as was asked.`,
        ]),
    ...mostFrequent(rows),
    ...(passedOver === 0
      ? []
      : [`${count(passedOver, 'other file', 'other files')} in the folders passed over: no part of a saved VM.`]),
    ...(worst === undefined || worst.state === 'restores' || verbose
      ? []
      : ['', ...hintLines([[['vits', 'check', shellWord(worst.file)], 'its report (-v: the report of each)']], style)]),
    '',
  ]
  return fit(lines.join('\n'), style)
}

function mostFrequent(rows: readonly Row[]): string[] {
  const files = new Map<string, number>()
  for (const code of rows.flatMap(({ codes }) => codes)) files.set(code, (files.get(code) ?? 0) + 1)
  const first = [...files].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, MOST_CODES)
  return first.length === 0 ? [] : ['Problems:', ...first.map(([code, n]) => `  ${code} ${slugOf(code)}  in ${count(n, 'file')}`)]
}

const slugOf = (code: string): string => (problems as Readonly<Record<string, { readonly slug: string }>>)[code]?.slug ?? ''
