import { fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { limits } from './limits.ts'
import { targetOf } from './mutant.ts'
import { counted, noTally, type Piece } from './tally.ts'

const worker = fileURLToPath(new URL('./worker.ts', import.meta.url))
/** A process works through this many seeds at most: what one leaves behind must not be taken for what a mutant costs. */
const MOST_SEEDS = 25_000

/** A range of seeds, both ends included. */
export type Seeds = readonly [first: number, last: number]

/**
 * Asks about every seed of these ranges in `jobs` processes at a time. A process may die of a mutant: then that one has failed, and
 * others go on with the rest. `tell` hears of each piece as it is done.
 */
export async function campaign(ranges: readonly Seeds[], jobs: number, tell: (piece: Piece) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vits-fuzz-'))
  const queue = ranges.flatMap((range) => slices(range, jobs))
  const work = async (job: number) => {
    for (let range = queue.shift(); range !== undefined; range = queue.shift()) {
      queue.unshift(...(await workThrough(range, join(folder, `place-${job}`), tell)))
    }
  }
  try {
    await Promise.all(Array.from({ length: jobs }, (_, job) => work(job)))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function slices([first, last]: Seeds, jobs: number): Seeds[] {
  const step = Math.min(MOST_SEEDS, Math.ceil((last - first + 1) / jobs))
  const found: Seeds[] = []
  for (let from = first; from <= last; from += step) found.push([from, Math.min(last, from + step - 1)])
  return found
}

/** Runs one process; answers what of its seeds is left to do. */
function workThrough([first, last]: Seeds, place: string, tell: (piece: Piece) => void): Promise<readonly Seeds[]> {
  return new Promise((resolve) => {
    const child = fork(worker, [`${first}`, `${last}`, place], {
      execArgv: ['--import', 'tsx', `--max-old-space-size=${limits.heapMib}`, '--max-semi-space-size=32'],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    let [next, said, at, since] = [first, '', '', 0]
    child.stderr?.on('data', (data) => {
      said = `${said}${data}`.slice(-4000)
    })
    const watch = setInterval(() => {
      const [now, ms] = [seedAt(place), processorMs(child.pid)]
      if (now !== at) [at, since] = [now, ms]
      else if (ms - since > limits.endlessMs) child.kill('SIGKILL')
    }, 1000)
    child.on('message', (piece: Piece) => {
      next = piece.seeds[1] + 1
      tell(piece)
    })
    child.on('exit', (code, signal) => {
      clearInterval(watch)
      if (code === 0 && next > last) return resolve([])
      const seed = Number(seedAt(place)) || next
      tell(died(seed, signal === 'SIGKILL' ? 'it does not end' : `the process ended with ${code ?? signal}: ${lastWords(said)}`))
      resolve([[next, seed - 1] as const, [seed + 1, last] as const].filter(([from, to]) => from <= to))
    })
  })
}

/** Processor time of a process, of Linux; elsewhere what the clock says. */
function processorMs(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number)
    return (user! + system!) * 10
  } catch {
    return Date.now()
  }
}

const died = (seed: number, failure: string): Piece => {
  const { name } = targetOf(seed)
  return {
    seeds: [seed, seed],
    tallies: [counted(noTally(name), 'failed', { seed, ms: 0 })],
    failures: [{ seed, target: name, from: '', failure, place: '' }],
    peakRss: { mib: 0, seed: 0 },
  }
}

const lastWords = (said: string) => said.split('\n').find((line) => /Error|FATAL/.test(line)) ?? said.trim().slice(-200)

function seedAt(place: string): string {
  try {
    return readFileSync(place, 'utf8').trim()
  } catch {
    return ''
  }
}
