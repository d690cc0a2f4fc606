// How fast are commands and MSIs? Guest RAM, tables and mappings as bench/README.md describes; medians over rounds, one core.
// Usage: tsx bench/device.ts [--rounds N] [--prototype FOLDER]
// FOLDER holds a bench.ts that prints a line {"test","param","ns","ops"} per round for `bench.ts cmd 8192x1 - N` and the like; the
// figures are then also given as ratios to its own, measured in the same run.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { GITS } from '../core/src/abi/index.ts'
import { itsFrame } from '../core/src/its/index.ts'
import { BenchVm, DOORBELL } from './testing/bench-vm.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '30' }, prototype: { type: 'string' } },
})
const rounds = Number(values.rounds)
/** Rounds at the start that bring the code to speed. */
const WARM = Math.ceil(rounds / 3)
const SEQUENCE = 1 << 20

interface Row {
  readonly work: string
  readonly ns: number
  readonly target: number
  /** What the prototype calls it. */
  readonly test: 'cmd' | 'msi'
  readonly param: string
}

const rows: Row[] = []
for (const [devices, events] of [
  [8192, 1],
  [256, 32],
  [1, 65536],
] as const) {
  const ns = mapping(devices, events)
  rows.push({ work: `MAPD + MAPTI, ${devices} x ${events}`, ns, target: 60, test: 'cmd', param: `${devices}x${events}` })
}
for (const [mappings, target] of [
  [1024, 15],
  [8192, 18],
  [65536, 25],
] as const) {
  const ns = signalling(mappings)
  rows.push({ work: `MSI to pending LPI, random over ${mappings}`, ns, target, test: 'msi', param: String(mappings) })
}
printRows(rows)
printGrowth([1024, 8192, 65536, 262144])

/** Nanoseconds a command: MAPD and MAPTI of every event through the queue. */
function mapping(devices: number, events: number): number {
  const vm = new BenchVm(devices, events)
  return median(
    repeat(() => {
      vm.reset()
      vm.populate()
      return vm.queueNs / vm.commands
    }),
  )
}

/** Nanoseconds an MSI: from doorbell address, DeviceID and EventID to a pending, queued LPI. */
function signalling(mappings: number): number {
  const vm = new BenchVm(mappings / 32, 32)
  vm.reset()
  vm.populate()
  const sequence = vm.randomKeys(SEQUENCE)
  return median(
    repeat(() => {
      const start = process.hrtime.bigint()
      let delivered = 0
      for (let n = 0; n < SEQUENCE; n++) {
        const key = sequence[n]!
        delivered += vm.doorbells.signal(DOORBELL, key >>> 16, key & 0xffff, 1)
      }
      const ns = Number(process.hrtime.bigint() - start)
      if (delivered !== SEQUENCE) throw new Error(`only ${delivered} of ${SEQUENCE} MSIs were delivered`)
      return ns / SEQUENCE
    }),
  )
}

/** Nanoseconds a MOVI of a random event, in batches of a full queue. */
function moving(vm: BenchVm): number {
  const keys = vm.randomKeys(16384)
  return median(
    repeat(() => {
      vm.restartQueue()
      for (let n = 0; n < keys.length; n++) vm.movi(keys[n]! >>> 16, keys[n]! & 0xffff, n & 3)
      vm.ring()
      return vm.queueNs / vm.commands
    }),
  )
}

function printGrowth(sizes: readonly number[]): void {
  console.log(
    '\n| mappings, 32 a device | MAPD + MAPTI, ns a command | MOVI of a random event, ns | register write that runs nothing, ns |',
  )
  console.log('| ---: | ---: | ---: | ---: |')
  const figures = sizes.map((size) => {
    const vm = new BenchVm(size / 32, 32)
    const map = median(
      repeat(() => {
        vm.reset()
        vm.populate()
        return vm.queueNs / vm.commands
      }),
    )
    return { size, map, movi: moving(vm), idle: idling(vm) }
  })
  for (const { size, map, movi, idle } of figures) {
    console.log(`| ${size} | ${map.toFixed(1)} | ${movi.toFixed(1)} | ${idle.toFixed(0)} |`)
  }
  const spread = (of: (figure: (typeof figures)[number]) => number) =>
    (Math.max(...figures.map(of)) / Math.min(...figures.map(of))).toFixed(2)
  console.log(
    `\nslowest to fastest: MAPD + MAPTI ${spread(({ map }) => map)}, MOVI ${spread(({ movi }) => movi)}; target at most 2`,
  )
}

function idling(vm: BenchVm): number {
  const same = itsFrame.read(vm.its, GITS.CWRITER, 8)
  return median(
    repeat(() => {
      const start = process.hrtime.bigint()
      for (let n = 0; n < 1000; n++) itsFrame.write(vm.its, GITS.CWRITER, 8, same)
      return Number(process.hrtime.bigint() - start) / 1000
    }),
  )
}

function repeat(once: () => number): number[] {
  const figures: number[] = []
  for (let round = 0; round < rounds; round++) {
    const figure = once()
    if (round >= WARM) figures.push(figure)
  }
  return figures
}

function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[figures.length >> 1]!
}

function printRows(measured: readonly Row[]): void {
  const folder = values.prototype
  const more = folder === undefined ? '' : ' prototype, ns | ratio |'
  console.log(`| work | ns | target |${more}\n| --- | ---: | ---: |${folder === undefined ? '' : ' ---: | ---: |'}`)
  for (const { work, ns, target, test, param } of measured) {
    const other = folder === undefined ? undefined : prototypeNs(folder, test, param)
    const columns = other === undefined ? '' : ` ${other.toFixed(1)} | ${(ns / other).toFixed(2)} |`
    console.log(`| ${work} | ${ns.toFixed(1)} | ${target} |${columns}`)
  }
}

function prototypeNs(folder: string, test: string, param: string): number {
  const args = ['--import', 'tsx', join(folder, 'bench.ts'), test, param, String(rounds)]
  const lines = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split('\n')
  const figures = lines.map((line) => JSON.parse(line) as { ns: number; ops: number }).map(({ ns, ops }) => ns / ops)
  return median(figures.slice(WARM))
}
