import type { KernelDifference, Part } from './part.ts'

/** What was asked of a kernel, and what came of it: `npm run lab -- test --json` prints it. */
export interface KernelReport {
  readonly kernel: { readonly release: string; readonly name: string; readonly build: string }
  /** Of which profile its answers are. */
  readonly profile: string
  /** In what they are not: `with keeps-unmapped`. */
  readonly turned: readonly string[]
  /** Histories that neither the profile nor what is turned over explains. */
  readonly unexplained: number
  /** It answers as the profile, in everything that was asked. */
  readonly same: boolean
  readonly parts: readonly Part[]
  /** Quirks that nothing asked for: whether the kernel has them is not known. */
  readonly unknown: readonly string[]
  readonly seconds: number
}

/** `ok   recordings and histories  46 scenarios, 300 random histories  12.1 s`, and three lines for each difference. */
export function partText({ name, asked, seconds, differences, untold }: Part): string {
  const head = `${differences.length === 0 ? 'ok    ' : 'NOT OK'}  ${name.padEnd(14)}  ${asked.padEnd(44)}  ${seconds.toFixed(1)} s`
  const more = untold === 0 ? [] : [`  and ${untold} histories more`]
  return [head, ...differences.flatMap(differenceLines), ...more].join('\n')
}

const differenceLines = (difference: KernelDifference): string[] => [
  `  ${difference.title}`,
  ...factLines(difference).map((line) => `    ${line}`),
  ...(difference.recording === undefined ? [] : [`    kept in   ${difference.recording}`]),
]

/** The three lines of a difference. */
const factLines = ({ history, expected, got, decidedIn }: KernelDifference): string[] => [
  `history   ${history}`,
  `expected  ${expected}`,
  `got       ${got}${decidedIn === undefined ? '' : `, decided in ${decidedIn}`}`,
]

/** The last lines: what the kernel is. */
export function verdictText(report: KernelReport): string {
  const { profile, turned, same, unknown, seconds } = report
  const as = [profile, ...turned].join(', ')
  const other = report.parts.filter(({ differences }) => differences.length > 0).map(({ name }) => name)
  const isTold = turned.length > 0 && report.unexplained === 0 && other.every((name) => name === ANSWERS)
  const verdict = same || isTold ? `answers as ${as}` : `does not answer as ${as}: ${other.join(', ')}`
  const silent = unknown.length === 0 ? '' : `\nnot asked for, so not known: ${unknown.join(', ')}`
  return `\n${verdict} (${seconds.toFixed(0)} s)${silent}`
}

/** The part that tells quirks. */
export const ANSWERS = 'answers'

/** TAP version 14: a point for each part, and what differs as its YAML block. */
export function tapText({ parts, profile, turned, unknown }: KernelReport): string {
  const points = parts.flatMap(({ name, asked, differences, untold }, n) => [
    `${differences.length === 0 ? 'ok' : 'not ok'} ${n + 1} - ${name}: ${asked}`,
    ...(differences.length === 0 ? [] : ['  ---', ...yamlLines(differences, untold), '  ...']),
  ])
  const notes = [`# answers as ${[profile, ...turned].join(', ')}`, ...unknown.map((name) => `# not asked for: ${name}`)]
  return ['TAP version 14', `1..${parts.length}`, ...points, ...notes].join('\n')
}

function yamlLines(differences: readonly KernelDifference[], untold: number): string[] {
  const rows = differences.flatMap((difference) =>
    Object.entries(difference).map(([key, value], n) => `    ${n === 0 ? '- ' : '  '}${key}: ${JSON.stringify(value)}`),
  )
  return ['  differences:', ...rows, `  untold: ${untold}`]
}
