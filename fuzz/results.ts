import { readFileSync, writeFileSync } from 'node:fs'
import { added, type Failure, type Piece, type Tally } from './tally.ts'

const results = new URL('./results.json', import.meta.url)

/** What came of a campaign so far. */
export interface Campaign {
  /** What was asked: ranges in order that do not touch. */
  readonly seeds: readonly (readonly [first: number, last: number])[]
  readonly tallies: readonly Tally[]
  readonly failures: readonly Failure[]
  readonly peakRss: { readonly mib: number; readonly seed: number }
}

export const noCampaign: Campaign = { seeds: [], tallies: [], failures: [], peakRss: { mib: 0, seed: 0 } }

export function withPiece({ seeds, tallies, failures, peakRss }: Campaign, piece: Piece): Campaign {
  return {
    seeds: joined([...seeds, piece.seeds]),
    tallies: added(tallies, piece.tallies),
    failures: [...failures, ...piece.failures],
    peakRss: piece.peakRss.mib > peakRss.mib ? piece.peakRss : peakRss,
  }
}

function joined(ranges: readonly (readonly [number, number])[]): [number, number][] {
  const sorted = [...ranges].sort(([a], [b]) => a - b)
  const found: [number, number][] = []
  for (const [first, last] of sorted) {
    const before = found.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else found.push([first, last])
  }
  return found
}

/** What was last written down of a long run. */
export const readResults = (): Campaign & { readonly node: string } => JSON.parse(readFileSync(results, 'utf8'))

export function writeResults(campaign: Campaign): void {
  const round = (value: number) => Math.round(value * 10) / 10
  const tallies = campaign.tallies.map(({ seconds, slowest, ...counts }) => ({
    ...counts,
    seconds: round(seconds),
    slowest: { ...slowest, ms: round(slowest.ms) },
  }))
  const lines = tallies.map((tally) => `    ${JSON.stringify(tally)}`).join(',\n')
  const { seeds, failures, peakRss } = campaign
  const rest = JSON.stringify({ node: process.version, seeds, failures, peakRss }).slice(1, -1)
  writeFileSync(results, `{\n  ${rest},\n  "tallies": [\n${lines}\n  ]\n}\n`)
}
