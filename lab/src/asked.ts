import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { byVersion } from './kernels/version.ts'

/** What came of random histories on a real kernel and on the model, side by side. */
export interface Asked {
  readonly release: string
  /** As the kernel calls its build. */
  readonly build: string
  /** What was modelled: a profile, with quirks more or less. */
  readonly model: string
  /** The histories of this seed and those that follow it. */
  readonly seed: number
  readonly histories: number
  readonly steps: number
  /** Histories that ended before a save which stops the host. */
  readonly cut: number
  /** Seeds of histories that were not answered alike. */
  readonly differing: readonly number[]
}

/** Where it is written down; docs/asked.md is printed from it. */
const FILE = fileURLToPath(new URL('../asked.json', import.meta.url))

/** What is written down, oldest kernel first. */
export const readAsked = (): Asked[] => (existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Asked[]) : [])

/** Writes down what was asked, in the place of what is known of that kernel; histories that follow on those are added to them. */
export function writeAsked(asked: Asked): void {
  const others = readAsked().filter(({ release }) => release !== asked.release)
  const before = readAsked().find(({ release }) => release === asked.release)
  const rows = [...others, before === undefined ? asked : joined(before, asked)]
  rows.sort((a, b) => byVersion(a.release, b.release))
  writeFileSync(FILE, `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`)
}

/** Two runs as one, when the second goes on where the first ended, with the same kernel and model; else the second. */
export function joined(before: Asked, asked: Asked): Asked {
  const goesOn = before.seed + before.histories === asked.seed
  if (!goesOn || before.build !== asked.build || before.model !== asked.model) return asked
  return {
    ...before,
    histories: before.histories + asked.histories,
    steps: before.steps + asked.steps,
    cut: before.cut + asked.cut,
    differing: [...before.differing, ...asked.differing],
  }
}
