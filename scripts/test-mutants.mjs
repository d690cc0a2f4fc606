// Changes the code of some rooms in thousands of small ways, one at a time, and asks the room's tests whether they notice.
//
//   npm run test:mutants                 every room; the results and docs/mutants.md are written anew
//   npm run test:mutants -- audit        one room, or several
//   npm run test:mutants -- --check      what changed since the results were committed, for six minutes at most; writes nothing
//   npm run test:mutants -- --fresh      without the committed results
//   npm run test:mutants -- --minutes=5  as long as that for each room; what is not asked by then is counted as not asked
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { Stryker } from '@stryker-mutator/core'
import { mutantsPage } from './mutants/page.mjs'
import { changedSince, committed, writeIncremental, writeResults } from './mutants/results.mjs'
import { goal, rooms, scoreOf } from './mutants/score.mjs'

const CHECK_MINUTES = 6
/** What a changed file may cost a room, in percent: a handful of mutants, some of which a busy machine has no time for. */
const TOLERATED = 2
/** Tests by title that go through a file at every length, or through thousands of random ones: `refusals.test.ts` does it for less. */
const slow = /is refused at (any|every) length|whatever its bytes|when bytes of a good/
const cache = 'node_modules/.cache/mutants'
const args = process.argv.slice(2)
const check = args.includes('--check')
const minutes = args.find((arg) => arg.startsWith('--minutes='))?.slice('--minutes='.length)
const named = args.filter((arg) => !arg.startsWith('-'))
const unknown = named.filter((room) => !rooms.includes(room))
if (unknown.length > 0) throw new Error(`no room ${unknown.join(', ')}: there are ${rooms.join(', ')}`)

const checkedBy = Date.now() + CHECK_MINUTES * 60_000
mkdirSync(cache, { recursive: true })
const failed = []
// Stryker begins a process anew for some of the mutants that are left out, and that takes as long as asking about them.
if (check) setTimeout(() => end('the rest left out: time was up\n'), (CHECK_MINUTES + 1) * 60_000).unref()
for (const room of named.length > 0 ? named : rooms) {
  const files = filesOf(room)
  const sources = check ? changedSince(room, files.sources) : files.sources
  if (sources.length === 0) {
    process.stdout.write(`${room.padEnd(10)} as committed\n`)
    continue
  }
  if (check && Date.now() > checkedBy) {
    process.stdout.write(`${room.padEnd(10)} left out: time was up\n`)
    continue
  }
  // A change must not make it worse; what was committed may still be on its way to the goal.
  const floor = check ? Math.min(goal, scoreOf(committed(room)).score) : goal
  const deadline = check ? checkedBy : minutes === undefined ? undefined : Date.now() + Number(minutes) * 60_000
  const report = await mutated(room, { ...files, sources, deadline })
  const { score, unasked } = scoreOf(report)
  process.stdout.write(
    `${room.padEnd(10)} ${score.toFixed(1)} %${unasked > 0 ? `, ${unasked} mutants left out: time was up` : ''}\n`,
  )
  if (!check) writeResults(room, report, [...files.sources, ...files.tests])
  if (unasked === 0 && score < floor - (check ? TOLERATED : 0)) failed.push(room)
}
if (!check) writeFileSync('docs/mutants.md', mutantsPage())
end('')

function end(last) {
  process.stdout.write(last)
  if (failed.length > 0) {
    process.stdout.write(
      `\n${failed.join(', ')}: fewer of the mutants are found than should be; the survivors are listed above\n`,
    )
  }
  process.exit(failed.length > 0 ? 1 : 0)
}

/** What is changed in a room and what is asked about it; tests that are slow on purpose are not. */
function filesOf(room) {
  const all = readdirSync(`core/src/${room}`, { recursive: true }).map((file) => `core/src/${room}/${file}`)
  const files = all.filter((file) => file.endsWith('.ts') && !file.includes('/testing/'))
  return {
    sources: files.filter((file) => !file.endsWith('.test.ts')),
    tests: files.filter((file) => /(?<!hostile|histories)\.test\.ts$/.test(file)),
  }
}

/** Stryker's report on a room, what it knew before included. */
async function mutated(room, { sources, tests, deadline }) {
  const incrementalFile = `${cache}/${room}.json`
  if (args.includes('--fresh')) rmSync(incrementalFile, { force: true })
  else writeIncremental(room, incrementalFile)
  await new Stryker({
    mutate: sources,
    mutator: { excludedMutations: ['StringLiteral'] },
    ignoreStatic: true,
    ignorePatterns: ['/*', '!/core', '!/fixtures', 'dist'],
    tempDirName: `.stryker-tmp-${room}`,
    plugins: [fileURLToPath(new URL('./mutants/resident-runner.mjs', import.meta.url))],
    testRunner: 'resident',
    resident: { tests, slow: slow.source, deadline },
    warnings: { unknownOptions: false },
    coverageAnalysis: 'perTest',
    // A second process only where nobody else is at work.
    concurrency: os.loadavg()[0] < 1 ? Math.min(2, os.availableParallelism()) : 1,
    disableTypeChecks: false,
    // The runner itself watches over time, in processor time: this is for a runner that is lost.
    timeoutMS: 120_000,
    dryRunTimeoutMinutes: 30,
    incremental: true,
    incrementalFile,
    reporters: ['clear-text'],
    clearTextReporter: { logTests: false, reportTests: false, reportScoreTable: false, allowEmojis: false },
    logLevel: 'warn',
  }).runMutationTest()
  return JSON.parse(readFileSync(incrementalFile, 'utf8'))
}
