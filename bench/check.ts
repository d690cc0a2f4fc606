// What does a check of a saved VM cost, from its file to what every kernel makes of it? Writes QEMU streams of large VMs; opens, loads,
// audits and judges each. ms: median (fastest). Usage: npm run bench -- check [--devices 1000,8192] [--rounds N] [--only wide]
import { type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { inspect } from '@vits/core'
import { openSavedMachine } from '@vits/core/formats'
import { fileSource } from '../cli/src/node/file-source.ts'
import { guestStream } from './testing/guest-stream.ts'
import { largeGuest } from './testing/large-vm.ts'

/** ITTs with as much room as the events need, and with room for 2^16 of which one is mapped. */
const guests = { narrow: { events: 7, bits: 3 }, wide: { events: 1, bits: 16 } } as const
const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '10,1000,8192' },
    only: { type: 'string', default: Object.keys(guests).join() },
    rounds: { type: 'string', default: '15' },
  },
})
const parts = ['open', 'load', 'audit', 'kernels'] as const
const rounds = Number(values.rounds)
const folder = await mkdtemp(join(tmpdir(), 'vits-bench-'))
const path = join(folder, 'stream')

console.log(`| devices | events | ITTs of | file, MiB | orphans | verdict | ${parts.join(' | ')} | CPU | wall |`)
console.log(`| ---: | ---: | ---: | ---: | ---: | --- | ${parts.map(() => '---:').join(' | ')} | ---: | ---: |`)
try {
  for (const guest of Object.keys(guests) as (keyof typeof guests)[]) {
    if (!values.only.includes(guest)) continue
    for (const devices of values.devices.split(',').map(Number)) {
      for (const orphans of [0, 0.01, 0.5]) await row(devices, orphans, guests[guest])
    }
  }
} finally {
  await rm(folder, { recursive: true })
}

interface Round {
  readonly verdict: string
  /** CPU time of the whole process in each part. */
  readonly cpu: readonly number[]
  readonly wall: number
}

async function row(devices: number, orphans: number, { events, bits }: { readonly events: number; readonly bits: number }) {
  const unmapped = orphans === 0 ? { first: devices, each: 1 } : { first: 0, each: 1 / orphans }
  await writeFile(path, guestStream(largeGuest(devices, events, unmapped, bits)))
  await using file = await open(path)
  const { size } = await file.stat()
  const runs: Round[] = []
  for (let round = 0; round < rounds; round++) runs.push(await check(file))
  // The first third brings the file into the page cache and the code to speed.
  const settled = runs.slice(rounds / 3)
  const cells = [
    ...parts.map((_, i) => settled.map(({ cpu }) => cpu[i]!)),
    settled.map(({ cpu }) => cpu.reduce((sum, ms) => sum + ms, 0)),
    settled.map(({ wall }) => wall),
  ].map(medianAndFastest)
  const shape = [devices, devices * events, `2^${bits}`, (size / 2 ** 20).toFixed(1), `${orphans * 100} %`, runs[0]!.verdict]
  console.log(`| ${[...shape, ...cells].join(' | ')} |`)
}

/** All that `vits check` asks, and of every kernel. */
async function check(file: FileHandle): Promise<Round> {
  const cpu: number[] = []
  const measured = async <T>(work: () => Promise<T> | T): Promise<T> => {
    const before = process.cpuUsage()
    const made = await work()
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1000)
    return made
  }
  const start = performance.now()
  const machine = await measured(async () => openSavedMachine(await fileSource(file)))
  const inspection = await measured(() => inspect(machine))
  const reports = await measured(() => inspection.audit())
  await measured(() => inspection.judge())
  return { verdict: reports.map(({ verdict }) => verdict).join(), cpu, wall: performance.now() - start }
}

function medianAndFastest(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  return `${sorted[sorted.length >> 1]!.toFixed(1)} (${sorted[0]!.toFixed(1)})`
}
