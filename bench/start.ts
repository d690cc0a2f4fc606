// How long does the program take to start, and to check a 2 MB stream, beside a Node that does nothing? The processes take turns.
// Usage: npm run bench -- start [--rounds N] [--program FILE]; each --program takes part, as do the targets for the first.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fixtureBytes } from '../core/src/formats/testing/fixtures.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '21' },
    program: { type: 'string', multiple: true, default: ['cli/bin/vits.js'] },
  },
})
const rounds = Number(values.rounds)
const peakMemory = new URL('../cli/src/testing/peak-memory.mjs', import.meta.url).href
const folder = mkdtempSync(join(tmpdir(), 'vits-bench-'))

interface Run {
  readonly title: string
  readonly command: readonly string[]
  /** Milliseconds, in the order of the rounds. */
  readonly times: number[]
}

try {
  const vm = join(folder, 'vm.mig')
  writeFileSync(vm, fixtureBytes('scattered-unrestorable.mig'))
  const node: Run = { title: 'node -e 0', command: ['-e', '0'], times: [] }
  const runs = values.program.flatMap((program) =>
    [['--version'], ['--help'], ['explain', 'D203'], ['check', vm]].map((words): Run => {
      const title = `${program} ${words[0] === 'check' ? `check, ${(readFileSync(vm).length / 1e6).toFixed(1)} MB` : words.join(' ')}`
      return { title, command: [program, ...words], times: [] }
    }),
  )
  for (let round = 0; round <= rounds; round++) for (const run of [node, ...runs]) time(run, round > 0)
  console.log(`load average ${loadavg()[0]!.toFixed(1)}; ms, median (fastest) of ${rounds}\n`)
  console.log('| process | time | times `node -e 0` | beyond it | most memory, MiB |\n| --- | ---: | ---: | ---: | ---: |')
  for (const run of [node, ...runs]) console.log(row(run, node))
} finally {
  rmSync(folder, { recursive: true })
}

function time({ command, times }: Run, counts: boolean): void {
  const start = performance.now()
  const { error } = spawnSync(process.execPath, command, { stdio: 'ignore' })
  if (error !== undefined) throw error
  if (counts) times.push(performance.now() - start)
}

function row(run: Run, node: Run): string {
  const [own, least] = [ordered(run), ordered(node)]
  const both = (of: (n: number) => number, digits: number) => `${of(rounds >> 1).toFixed(digits)} (${of(0).toFixed(digits)})`
  const cells = [both((n) => own[n]!, 0), both((n) => own[n]! / least[n]!, 2), both((n) => own[n]! - least[n]!, 0)]
  return `| \`${run.title}\` | ${cells.join(' | ')} | ${memory(run)} |`
}

function ordered({ times }: Run): readonly number[] {
  return [...times].sort((a, b) => a - b)
}

/** The most that the process has in RAM, in a run of its own. */
function memory({ command }: Run): string {
  const PEAK = join(folder, 'peak')
  spawnSync(process.execPath, ['--import', peakMemory, ...command], { stdio: 'ignore', env: { ...process.env, PEAK } })
  return (Number(readFileSync(PEAK, 'utf8')) / 1024).toFixed(0)
}
