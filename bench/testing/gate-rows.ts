import { readFileSync } from 'node:fs'
import { full, type Shape } from './guest-shape.ts'
import type { SubjectName, WorkName } from './works.ts'

/** One ratio that is kept. */
export interface GateRow {
  readonly title: string
  readonly shape: Shape
  readonly work: WorkName
  /** What it is a ratio to: the same work of the lean ITS, or what the machine does in a process of ours. */
  readonly beside: { readonly subject: SubjectName; readonly work: WorkName }
  /** The ratio that is wanted. */
  readonly target?: number
}

/** What was accepted of a row: nanoseconds an operation, medians. */
export interface Accepted {
  readonly ours: number
  readonly others: number
  readonly ratio: number
}

export interface GateTable {
  readonly machine: string
  readonly rows: Readonly<Record<string, Accepted>>
}

/** What the other side of a ratio is, in words. */
const otherNames: Partial<Record<WorkName, string>> = { read: 'RAM read once', 'read and write': 'RAM read and written once' }
export const otherName = ({ beside: { work } }: GateRow): string => otherNames[work] ?? 'lean ITS'

/** One event at the end of each of 8192 ITTs. */
const seed = (bits: number): Shape => ({ devices: 8192, events: 1, bits })

const beside =
  (subject: SubjectName) =>
  (title: string, work: WorkName, shape: Shape, target?: number, other: WorkName = work) =>
    ({ title, work, shape, beside: { subject, work: other }, ...(target === undefined ? {} : { target }) }) satisfies GateRow
const lean = beside('lean')
const own = beside('vits')

export const gateRows: readonly GateRow[] = [
  lean('MAPD + MAPTI, 8192 x 1', 'map', full(8192, 1), 1.15),
  lean('MAPD + MAPTI, 256 x 32', 'map', full(256, 32), 1.15),
  lean('MAPD + MAPTI, 1 x 65536', 'map', full(1, 65536), 1.15),
  lean('MSI, random over 1024', 'msi', full(32, 32), 1.15),
  lean('MSI, random over 8192', 'msi', full(256, 32), 1.15),
  lean('MSI, random over 65536', 'msi', full(2048, 32), 1.15),
  lean('MOVI, random over 65536', 'movi', full(2048, 32)),
  lean('save, 8192 x 1', 'save', seed(8), 1.2),
  lean('restore, 8192 x 1', 'restore', seed(8)),
  lean('save with heads, 8192 x 1', 'save with heads', seed(8)),
  lean('restore with heads, 8192 x 1', 'restore with heads', seed(8)),
  lean('save, 65536 events', 'save', full(2048, 32), 1.2),
  lean('restore, 65536 events', 'restore', full(2048, 32), 1.2),
  own('restore, 8192 ITTs of 2^13', 'restore', seed(13), 1.5, 'read'),
  own('restore, 8192 ITTs of 2^16', 'restore', seed(16), 1.5, 'read'),
  own('sealed save, 8192 ITTs of 2^13', 'seal', seed(13), 1.6, 'read and write'),
  own('sealed save, 8192 ITTs of 2^16', 'seal', seed(16), 1.6, 'read and write'),
]

export const gatePlace = new URL('../gate.json', import.meta.url)
export const acceptedGate = (): GateTable => JSON.parse(readFileSync(gatePlace, 'utf8')) as GateTable

/** The accepted table, as the README shows it. */
export function gateMarkdown(): string {
  const { machine, rows } = acceptedGate()
  const lines = gateRows.map((gateRow) => {
    const row = rows[gateRow.title]
    const figures = row === undefined ? ['', '', ''] : [timeText(row.ours), timeText(row.others), row.ratio.toFixed(2)]
    return `| ${[gateRow.title, otherName(gateRow), ...figures, gateRow.target?.toFixed(2) ?? ''].join(' | ')} |`
  })
  const heading = '| work | beside | vits | the other | ratio | target |\n| --- | --- | ---: | ---: | ---: | ---: |'
  return `\n${machine}\n\n${heading}\n${lines.join('\n')}\n`
}

/** Of nanoseconds. */
export function timeText(ns: number): string {
  if (ns < 1e4) return `${ns.toFixed(1)} ns`
  return ns < 1e7 ? `${(ns / 1e6).toFixed(2)} ms` : `${(ns / 1e6).toFixed(0)} ms`
}
