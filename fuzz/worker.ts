// Asks about the mutants of a range of seeds, and tells its parent piece by piece what came of them: `worker.ts FIRST LAST PLACE`.
// PLACE is a file that holds, as text, the seed it is at: what is left of a worker that dies.
import { openSync, writeSync } from 'node:fs'
import { limits } from './limits.ts'
import { failureOf, placeOf } from './minimise.ts'
import { ask, type Mutant, mutant } from './mutant.ts'
import { counted, type Failure, noTally, type Piece, type Tally } from './tally.ts'
import { Broken, type Outcome } from './target.ts'

const PIECE = 500

const [first, last] = process.argv.slice(2, 4).map(Number) as [number, number]
const place = openSync(process.argv[4]!, 'w')

let peak = { mib: 0, seed: 0 }

for (let from = first; from <= last; from += PIECE) {
  const to = Math.min(last, from + PIECE - 1)
  const tallies = new Map<string, Tally>()
  const failures: Failure[] = []
  for (let seed = from; seed <= to; seed++) {
    writeSync(place, `${seed}`.padEnd(12), 0)
    const made = await mutant(seed)
    const [outcome, ms, error] = await asked(made)
    const { name } = made.target
    tallies.set(name, counted(tallies.get(name) ?? noTally(name), outcome, { seed, ms }))
    if (error !== undefined) {
      failures.push({ seed, target: name, from: made.from, failure: failureOf(error), place: placeOf(error) })
    }
  }
  const piece: Piece = { seeds: [from, to], tallies: [...tallies.values()], failures, peakRss: peak }
  await new Promise((sent) => process.send!(piece, sent))
}
process.disconnect()

async function asked(made: Mutant): Promise<[Outcome | 'failed', number, unknown]> {
  const began = process.cpuUsage()
  const before = process.resourceUsage().maxRSS / 1024
  let [outcome, error]: [Outcome | 'failed', unknown] = ['failed', undefined]
  try {
    outcome = await ask(made)
  } catch (thrown) {
    error = thrown ?? new Error('nothing was thrown')
  }
  const { user, system } = process.cpuUsage(began)
  const ms = (user + system) / 1000
  const mib = process.resourceUsage().maxRSS / 1024
  if (mib > peak.mib + 8) peak = { mib: Math.round(mib), seed: made.seed }
  if (error === undefined && ms > limits.ms) error = new Broken('a mutant takes a bounded time', `${Math.round(ms)} ms`)
  if (error === undefined && (mib - before > limits.growthMib || (mib > limits.rssMib && before <= limits.rssMib)))
    error = new Broken('a mutant takes bounded memory', `${Math.round(mib)} MiB, ${Math.round(mib - before)} more than before`)
  return [error === undefined ? outcome : 'failed', ms, error]
}
