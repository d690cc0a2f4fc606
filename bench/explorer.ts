// The page of a large VM in a browser: how long until rows, kernels and repair are there, which tasks keep its thread long, and what a
// frame costs while the rows scroll. Usage: npm run bench -- explorer [--devices N] [--events N] [--seconds N]
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { inspect } from '@vits/core'
import { writeCase } from '@vits/core/formats'
import { wholePages } from '@vits/core/tables'
import { chromium } from 'playwright-core'
import { pageWithCases } from '../cli/src/explore/page-with-cases.ts'
import { cpuOfLiving } from './testing/cpu-time.ts'
import { largeVm } from './testing/large-vm.ts'

const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? otherwise : Number(process.argv[at + 1])
}
const [devices, events, seconds] = [option('devices', 8192), option('events', 8), option('seconds', 5)]

const machine = largeVm(devices, events)
const { loaded } = await inspect(machine)
const packed = gzipSync(await writeCase(machine, loaded.memory, wholePages(loaded.memory, loaded.ranges)), { level: 9 })
const folder = mkdtempSync(join(tmpdir(), 'vits-bench-'))
const path = join(folder, 'large.html')
const page = readFileSync(new URL('../explorer/dist/report.html', import.meta.url), 'utf8')
writeFileSync(path, pageWithCases(page, [{ name: 'large', bytes: packed, isScrubbed: false, kernel: undefined }]))
console.log(`${devices} devices x ${events} events; case ${packed.length} bytes, page ${statSync(path).size} bytes\n`)

/** A program for the page, which scrolls on and on, and answers how long each frame took. */
const scrolled = (ms: number): string => `new Promise((done) => {
  const frames = []
  const begun = performance.now()
  let last = begun
  let direction = 170
  const frame = (now) => {
    frames.push(now - last)
    last = now
    if (now - begun > ${ms}) return done(frames.slice(1))
    const end = document.documentElement.scrollHeight - innerHeight
    if (scrollY + direction > end || scrollY + direction < 0) direction = -direction
    scrollBy(0, direction)
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
})`

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  await measure()
} finally {
  await browser.close()
  rmSync(folder, { recursive: true })
}

async function measure(): Promise<void> {
  const tab = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  await tab.addInitScript(`
    globalThis.tasks = []
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ entryTypes: ['longtask'] })
  `)
  // The browser's own start is not the page's.
  const first = await browser.newPage()
  await first.goto(new URL('../explorer/dist/index.html', import.meta.url).href)
  await first.waitForSelector('.pick')
  await first.close()
  // What its process used goes with it, which takes a moment.
  await sleep(3000)
  const [begun, cpu] = [performance.now(), cpuOfLiving()]
  const row = (what: string) =>
    console.log(`| ${what} | ${((performance.now() - begun) / 1000).toFixed(2)} | ${(cpuOfLiving() - cpu).toFixed(2)} |`)
  console.log('| until | wall s | CPU s |\n| --- | ---: | ---: |')
  await tab.goto(pathToFileURL(path).href)
  await tab.waitForSelector('html[data-ready=rows], html[data-ready=all]', { state: 'attached' })
  row('first rows')
  await tab.waitForSelector('html[data-ready=all]', { state: 'attached', timeout: 120_000 })
  row('all rows, kernels, repair and trap')
  await tab.waitForFunction(`document.querySelector('.grid').getAttribute('aria-rowcount') > ${devices}`)
  const tasks = await tab.evaluate<number[]>('tasks')
  console.log(
    `\ntasks of the page's thread over 50 ms: ${tasks.length === 0 ? 'none' : tasks.map((ms) => `${Math.round(ms)} ms`).join(', ')}`,
  )
  console.log(`elements: ${await tab.evaluate<number>('document.querySelectorAll("*").length')}`)
  const before = cpuOfLiving()
  const frames = await tab.evaluate<number[]>(scrolled(seconds * 1000))
  const spent = cpuOfLiving() - before
  const sorted = [...frames].sort((a, b) => a - b)
  const at = (part: number) => sorted[Math.floor((sorted.length - 1) * part)]!.toFixed(1)
  console.log(`\n| scrolling | frames | p50 ms | p95 ms | CPU ms a frame |\n| --- | ---: | ---: | ---: | ---: |`)
  console.log(`| 170 px a frame | ${frames.length} | ${at(0.5)} | ${at(0.95)} | ${((1000 * spent) / frames.length).toFixed(1)} |`)
}
