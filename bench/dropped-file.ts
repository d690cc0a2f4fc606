// How long does the page take of a large file that is dropped on it, beside the program? Two streams: one whose command queue tells
// everything, which is read through once, and one whose queue has gone round, of which all RAM is searched besides, in vain.
// Usage: npm run bench -- dropped-file [--gib N] [--rounds N]
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium, type Page } from 'playwright-core'
import { fixtureBytes } from '../core/src/formats/testing/fixtures.ts'
import { cpuOfEnded, cpuOfLiving } from './testing/cpu-time.ts'
import { writeGrownStream } from './testing/grown-stream.ts'

const GIB = 2 ** 30
const { values } = parseArgs({ options: { gib: { type: 'string', default: '4' }, rounds: { type: 'string', default: '5' } } })
const [gib, rounds] = [Number(values.gib), Number(values.rounds)]

interface Spent {
  readonly wall: number
  readonly cpu: number
}

const folder = mkdtempSync(join(tmpdir(), 'vits-bench-'))
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  console.log(`load average ${loadavg()[0]!.toFixed(1)}; medians of ${rounds}, from page cache, until everything is said\n`)
  console.log('| stream | GiB | program: wall s | CPU s | page: wall s | CPU s | page / program: wall | CPU |')
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |')
  await measure('read once', 'scattered-unrestorable.mig')
  await measure('read, and all RAM searched', 'wrapped.mig')
} finally {
  await browser.close()
  rmSync(folder, { recursive: true })
}

async function measure(title: string, fixture: string): Promise<void> {
  const path = join(folder, fixture)
  writeGrownStream(path, fixtureBytes(fixture), gib * GIB)
  const [program, page]: [Spent[], Spent[]] = [[], []]
  // The first round brings the file into the page cache.
  for (let round = 0; round <= rounds; round++) {
    const [ran, shown] = [programOf(path), await pageOf(path)]
    if (ran.says !== shown.says) throw new Error(`the program says "${ran.says}", the page "${shown.says}"`)
    if (round > 0) program.push(ran.spent)
    if (round > 0) page.push(shown.spent)
  }
  const [a, b] = [median(program), median(page)]
  const cells = [a.wall, a.cpu, b.wall, b.cpu, ratio(page, program, 'wall'), ratio(page, program, 'cpu')]
  console.log(`| ${[title, (statSync(path).size / GIB).toFixed(2), ...cells.map((n) => n.toFixed(2))].join(' | ')} |`)
  rmSync(path)
}

/** What a check says of the file, and what the process takes from its start to its end. */
function programOf(path: string): { readonly says: string; readonly spent: Spent } {
  const [begun, cpu] = [performance.now(), cpuOfEnded()]
  const { stdout } = spawnSync(process.execPath, ['cli/bin/vits.js', 'check', '--json', path], { encoding: 'utf8' })
  const spent = { wall: (performance.now() - begun) / 1000, cpu: cpuOfEnded() - cpu }
  return { says: (JSON.parse(stdout) as { headline: string }).headline, spent }
}

/** The same of a page that is open, from when the file is dropped on it: all processes of the browser. */
async function pageOf(path: string): Promise<{ readonly says: string; readonly spent: Spent }> {
  const page: Page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  await page.goto(new URL('../explorer/dist/index.html', import.meta.url).href)
  await page.waitForSelector('.pick')
  const [begun, cpu] = [performance.now(), cpuOfLiving()]
  await page.setInputFiles('input[type=file]', path)
  await page.waitForSelector('html[data-ready=all]', { state: 'attached', timeout: 600_000 })
  const spent = { wall: (performance.now() - begun) / 1000, cpu: cpuOfLiving() - cpu }
  const says = (await page.textContent('.headline')) ?? ''
  await page.close()
  return { says, spent }
}

function ratio(of: readonly Spent[], to: readonly Spent[], what: keyof Spent): number {
  return middle(of.map((spent, i) => spent[what] / to[i]![what]))
}

function median(all: readonly Spent[]): Spent {
  return { wall: middle(all.map(({ wall }) => wall)), cpu: middle(all.map(({ cpu }) => cpu)) }
}

function middle(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!
}
