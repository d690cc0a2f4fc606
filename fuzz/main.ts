// Asks the library and the program about thousands of damaged files, each of which follows from a number, its seed.
//
//   npm run test:fuzz                      seeds 1 to 20,000, and the files of fixtures/hostile: what CI asks
//   npm run test:fuzz -- --long            seeds 1 to 1,000,000; goes on where it was stopped
//   npm run test:fuzz -- --seeds 5-9999    these
//   npm run test:fuzz -- --seed 1234       one, here and now, with the stack of what it fails with
//   --jobs 1                               processes at a time
//   --fresh                                a long run from its beginning
//   --write                                writes what came of it into fuzz/results.json, of which docs/robustness.md is printed
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { campaign, type Seeds } from './campaign.ts'
import { hostileFiles } from './hostile-files.ts'
import { failure, failureOf, minimised } from './minimise.ts'
import { mutant } from './mutant.ts'
import { type Campaign, noCampaign, withPiece, writeResults } from './results.ts'

const SHORT: Seeds = [1, 20_000]
const LONG: Seeds = [1, 1_000_000]
const CACHE = 'node_modules/.cache/fuzz'
const STATE = `${CACHE}/long.json`
const FAILURES = `${CACHE}/failures`
const MOST_WRITTEN = 20

const { values } = parseArgs({
  options: {
    long: { type: 'boolean', default: process.env['VITS_LONG'] !== undefined },
    seeds: { type: 'string' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: `${Math.min(2, availableParallelism())}` },
    fresh: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})

if (values.seed !== undefined) await one(Number(values.seed))
else await many()

/** Asks about one mutant in this process, and shows all of what it fails with. */
async function one(seed: number): Promise<void> {
  const made = await mutant(seed)
  process.stdout.write(`${made.target.name}, made of ${made.from} in ${made.steps} steps, ${made.file.length} bytes\n`)
  const error = await failure(made)
  if (error === undefined) return void process.stdout.write('as promised\n')
  process.stdout.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.stdout.write(`${await keep(seed, error)} has it\n`)
  process.exitCode = 1
}

async function many(): Promise<void> {
  const range = values.seeds === undefined ? (values.long ? LONG : SHORT) : rangeOf(values.seeds)
  let state = values.long && !values.fresh ? resumed() : noCampaign
  const began = Date.now()
  let shown = began
  await campaign(left(range, state), Number(values.jobs), (piece) => {
    state = withPiece(state, piece)
    for (const { seed, target, failure: what, place } of piece.failures) {
      process.stdout.write(`FAILED seed ${seed}, ${target}: ${what} ${place}\n  npm run test:fuzz -- --seed ${seed}\n`)
    }
    if (values.long) save(state)
    if (Date.now() - shown < 60_000) return
    shown = Date.now()
    process.stdout.write(`${state.tallies.reduce((sum, { mutants }) => sum + mutants, 0).toLocaleString('en')} mutants\n`)
  })
  process.stdout.write(`${table(state)}\n${((Date.now() - began) / 1000).toFixed(0)} s\n`)
  await keepFailures(state)
  if (values.write) writeResults(state)
  const hostile = values.seeds === undefined && !values.long ? await hostileFiles() : []
  for (const { name, error } of hostile) process.stdout.write(`FAILED fixtures/hostile/${name}: ${failureOf(error)}\n`)
  if (state.failures.length + hostile.length > 0) process.exitCode = 1
}

function rangeOf(text: string): Seeds {
  const [first, last = first] = text.split('-').map(Number)
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first! > last!)
    throw new RangeError(`no range of seeds: ${text}`)
  return [first!, last!]
}

/** What of a range has not been asked. */
function left([first, last]: Seeds, { seeds }: Campaign): Seeds[] {
  const found: Seeds[] = []
  let from = first
  for (const [a, b] of seeds) {
    if (a > from) found.push([from, Math.min(last, a - 1)])
    from = Math.max(from, b + 1)
  }
  if (from <= last) found.push([from, last])
  return found.filter(([a, b]) => a <= b)
}

function resumed(): Campaign {
  try {
    return JSON.parse(readFileSync(STATE, 'utf8')) as Campaign
  } catch {
    return noCampaign
  }
}

function save(state: Campaign): void {
  mkdirSync(CACHE, { recursive: true })
  writeFileSync(STATE, JSON.stringify(state))
}

/** The smallest file that was found for each of the first failures, of each kind one. */
async function keepFailures({ failures }: Campaign): Promise<void> {
  rmSync(FAILURES, { recursive: true, force: true })
  const kinds = new Map(failures.map((each) => [each.failure.replace(/0x[0-9a-f]+|\d+/g, 'n'), each]))
  for (const { seed } of [...kinds.values()].slice(0, MOST_WRITTEN)) {
    const error = await failure(await mutant(seed))
    if (error !== undefined) process.stdout.write(`${await keep(seed, error)}: ${failureOf(error).slice(0, 200)}\n`)
  }
}

async function keep(seed: number, error: unknown): Promise<string> {
  const smallest = await minimised(await mutant(seed), error)
  mkdirSync(FAILURES, { recursive: true })
  const path = `${FAILURES}/${seed}-${smallest.target.name.replaceAll(' ', '-')}`
  writeFileSync(path, smallest.file)
  return path
}

function table({ tallies, peakRss }: Campaign): string {
  const rows = tallies.map(({ target, mutants, refused, answered, repaired, failed, seconds, slowest }) =>
    [
      target.padEnd(16),
      `${mutants}`.padStart(8),
      `${refused}`.padStart(8),
      `${answered}`.padStart(8),
      `${repaired}`.padStart(8),
      `${failed}`.padStart(6),
      `${seconds.toFixed(1)} s`.padStart(10),
      `  slowest ${slowest.ms.toFixed(0)} ms, seed ${slowest.seed}`,
    ].join(' '),
  )
  const head = 'target            mutants  refused answered repaired failed       time'
  return [head, ...rows, `most memory ${peakRss.mib} MiB, at seed ${peakRss.seed}`].join('\n')
}
