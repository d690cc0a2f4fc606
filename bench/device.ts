// How fast are commands and MSIs? Guest RAM, tables and mappings as bench/README.md describes; medians over rounds, one core.
// Usage: tsx bench/device.ts [--seconds S] [--prototype FOLDER]
// S is how long each figure is measured, after half of that to bring the code to speed. FOLDER holds a bench.ts that prints a line
// {"test","param","ns","ops"} for each of N rounds of `bench.ts cmd 8192x1 N`; figures are then also given as ratios to its own,
// measured in the same run.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BenchVm, TRANSLATER } from './testing/bench-vm.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '2' }, prototype: { type: 'string' } },
})
const milliseconds = Number(values.seconds) * 1000
/** Random events, and how many MSIs of them make a round. */
const SEQUENCE = 1 << 20
const MSIS = 1 << 16
/** Rounds of the prototype that take about as long as ours. */
const prototypeRounds = { cmd: 600, msi: 24 } as const

/** Nanoseconds an operation. The fastest round is what the machine can do while others leave it alone. */
interface Figure {
  readonly median: number
  readonly fastest: number
}

const rows = [
  ['MAPD + MAPTI, 8192 x 1', 60, 'cmd', '8192x1', () => mapping(8192, 1)],
  ['MAPD + MAPTI, 256 x 32', 60, 'cmd', '256x32', () => mapping(256, 32)],
  ['MAPD + MAPTI, 1 x 65536', 60, 'cmd', '1x65536', () => mapping(1, 65536)],
  ['MSI to pending LPI, random over 1024', 15, 'msi', '1024', () => signalling(1024)],
  ['MSI to pending LPI, random over 8192', 18, 'msi', '8192', () => signalling(8192)],
  ['MSI to pending LPI, random over 65536', 25, 'msi', '65536', () => signalling(65536)],
] as const

printRows()
printGrowth([1024, 8192, 65536, 262144])

/** MAPD and MAPTI of every event through the queue. */
function mapping(devices: number, events: number): Figure {
  const vm = new BenchVm(devices, events)
  return repeat(() => mapAll(vm))
}

function mapAll(vm: BenchVm): number {
  vm.reset()
  vm.populate()
  return vm.queueNs / vm.commands
}

/** From address, DeviceID and EventID to a pending, queued LPI. */
function signalling(mappings: number): Figure {
  const vm = new BenchVm(mappings / 32, 32)
  mapAll(vm)
  const sequence = vm.randomKeys(SEQUENCE)
  let from = 0
  return repeat(() => {
    const start = process.hrtime.bigint()
    let delivered = 0
    for (let n = from; n < from + MSIS; n++) {
      const key = sequence[n]!
      delivered += vm.translaters.signal(TRANSLATER, key >>> 16, key & 0xffff, 1)
    }
    const ns = Number(process.hrtime.bigint() - start)
    if (delivered !== MSIS) throw new Error(`only ${delivered} of ${MSIS} MSIs were delivered`)
    from = (from + MSIS) % SEQUENCE
    return ns / MSIS
  })
}

/** MOVI of random events, in batches of half a queue. */
function moving(vm: BenchVm): Figure {
  const keys = vm.randomKeys(16384)
  return repeat(() => {
    vm.restartQueue()
    for (let n = 0; n < keys.length; n++) vm.movi(keys[n]! >>> 16, keys[n]! & 0xffff, n & 3)
    vm.ring()
    return vm.queueNs / vm.commands
  })
}

function printRows(): void {
  const folder = values.prototype
  const more =
    folder === undefined ? ['', ''] : [' prototype: median | fastest | ratio: median | fastest |', ' ---: | ---: | ---: | ---: |']
  console.log(`| work, ns | median | fastest | target |${more[0]}\n| --- | ---: | ---: | ---: |${more[1]}`)
  for (const [work, target, test, param, measure] of rows) {
    const { median, fastest } = measure()
    const columns = [median.toFixed(1), fastest.toFixed(1), String(target)]
    if (folder !== undefined) {
      const other = prototype(folder, test, param)
      columns.push(other.median.toFixed(1), other.fastest.toFixed(1))
      columns.push((median / other.median).toFixed(2), (fastest / other.fastest).toFixed(2))
    }
    console.log(`| ${work} | ${columns.join(' | ')} |`)
  }
}

function printGrowth(sizes: readonly number[]): void {
  console.log(
    '\n| mappings, 32 a device | MAPD + MAPTI, ns a command: median | fastest | MOVI of a random event, ns: median | fastest |',
  )
  console.log('| ---: | ---: | ---: | ---: | ---: |')
  const figures = sizes.map((size) => {
    const vm = new BenchVm(size / 32, 32)
    const figure = { map: repeat(() => mapAll(vm)), movi: moving(vm) }
    const columns = [figure.map.median, figure.map.fastest, figure.movi.median, figure.movi.fastest]
    console.log(`| ${size} | ${columns.map((ns) => ns.toFixed(1)).join(' | ')} |`)
    return figure
  })
  const spread = (of: (figure: (typeof figures)[number]) => number) =>
    (Math.max(...figures.map(of)) / Math.min(...figures.map(of))).toFixed(2)
  const [map, movi] = [spread((figure) => figure.map.fastest), spread((figure) => figure.movi.fastest)]
  console.log(`\nSlowest to fastest size: MAPD + MAPTI ${map}, MOVI ${movi}. Target: at most 2.`)
}

/** One figure a round, until the time is over; those of the first third only bring the code to speed. */
function repeat(once: () => number): Figure {
  const figures: number[] = []
  const start = performance.now()
  while (performance.now() < start + milliseconds * 1.5 || figures.length < 3) {
    const figure = once()
    if (performance.now() > start + milliseconds * 0.5) figures.push(figure)
  }
  return figureOf(figures)
}

function figureOf(figures: readonly number[]): Figure {
  const sorted = [...figures].sort((a, b) => a - b)
  return { median: sorted[sorted.length >> 1]!, fastest: sorted[0]! }
}

function prototype(folder: string, test: 'cmd' | 'msi', param: string): Figure {
  const rounds = prototypeRounds[test]
  const args = ['--import', 'tsx', join(folder, 'bench.ts'), test, param, String(rounds)]
  const lines = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split('\n')
  const figures = lines.map((line) => JSON.parse(line) as { ns: number; ops: number }).map(({ ns, ops }) => ns / ops)
  return figureOf(figures.slice(rounds / 3))
}
