// What does a check of thousands of saved VMs take, with one thread and with more? The runs take turns.
// Usage: npm run bench -- fleet [--files N] [--rounds N] [--jobs 1,2]
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fixtureFile } from '../core/src/formats/testing/fixtures.ts'

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
    jobs: { type: 'string', default: '1,2' },
  },
})
const [files, rounds] = [Number(values.files), Number(values.rounds)]
const saved = ['odd-reinit-s1.vits', 'two-itses.vits', 'healthy.mig.zst', 'lost-split.vits']
const PER_FOLDER = 200
const usage = new URL('testing/usage.mjs', import.meta.url).href
const folder = mkdtempSync(join(tmpdir(), 'vits-fleet-'))

interface Run {
  readonly title: string
  readonly args: readonly string[]
  readonly seconds: number[]
  readonly cpu: number[]
  readonly mib: number[]
}

try {
  const fleet = join(folder, 'fleet')
  for (let i = 0; i < files; i++) {
    const below = join(fleet, String(Math.floor(i / PER_FOLDER)))
    const name = saved[i % saved.length]!
    mkdirSync(below, { recursive: true })
    copyFileSync(fixtureFile(name), join(below, `${i}-${name}`))
  }
  const runs = values.jobs.split(',').flatMap((jobs): Run[] => [
    { title: `--jobs ${jobs}`, args: ['--jobs', jobs, fleet], seconds: [], cpu: [], mib: [] },
    { title: `--jobs ${jobs} --json`, args: ['--jobs', jobs, '--json', fleet], seconds: [], cpu: [], mib: [] },
  ])
  for (let round = 0; round < rounds; round++) for (const run of runs) measure(run)
  console.log(`${files} files, load average ${loadavg()[0]!.toFixed(1)}; median (least) of ${rounds}\n`)
  console.log('| `vits check` | CPU, ms a file | by the clock, s | most memory, MiB |\n| --- | ---: | ---: | ---: |')
  for (const { title, cpu, seconds, mib } of runs) {
    const perFile = cpu.map((all) => (1000 * all) / files)
    console.log(`| \`${title}\` | ${both(perFile, 1)} | ${both(seconds, 1)} | ${both(mib, 0)} |`)
  }
} finally {
  rmSync(folder, { recursive: true })
}

function measure({ args, seconds, cpu, mib }: Run): void {
  const USAGE = join(folder, 'usage')
  const start = performance.now()
  const { status } = spawnSync(process.execPath, ['--import', usage, 'cli/bin/vits.js', 'check', ...args], {
    stdio: 'ignore',
    env: { ...process.env, USAGE },
  })
  if (status !== 4) throw new Error(`vits check ${args.join(' ')} ended with ${status}`)
  const used = JSON.parse(readFileSync(USAGE, 'utf8')) as Pick<NodeJS.ResourceUsage, 'userCPUTime' | 'systemCPUTime' | 'maxRSS'>
  seconds.push((performance.now() - start) / 1000)
  cpu.push((used.userCPUTime + used.systemCPUTime) / 1e6)
  mib.push(used.maxRSS / 1024)
}

function both(of: readonly number[], digits: number): string {
  const ordered = [...of].sort((a, b) => a - b)
  return `${ordered[ordered.length >> 1]!.toFixed(digits)} (${ordered[0]!.toFixed(digits)})`
}
