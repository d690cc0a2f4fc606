// What does planning a repair cost, and how often is each part of it done? Usage: tsx bench/repair.ts [--rounds N] [FIXTURE...]
import { readFileSync } from 'node:fs'
import { type Profiler, Session } from 'node:inspector/promises'
import { parseArgs } from 'node:util'
import { bytesSource, inspect, open } from '@vits/core'
import { type AuditInput, setScene } from '@vits/core/audit'
import { planRepair } from '@vits/core/repair'

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '100' } },
  allowPositionals: true,
})
const rounds = Number(values.rounds)
const names = positionals.length === 0 ? ['scattered-unrestorable'] : positionals

/** What is counted, by the functions that do it. */
const counted: Readonly<Record<string, string>> = {
  scenes: 'Scene',
  histories: 'readHistory',
  sweeps: 'sweepTables',
  walks: 'walkTables',
  'VM restores': 'restoreVm',
}

console.log(`| VM | ${Object.keys(counted).join(' | ')} | first, CPU ms | later, CPU ms (fastest) |`)
console.log(`| --- | ${'---: | '.repeat(Object.keys(counted).length + 2)}`)
for (const name of names) {
  const input = await loaded(name)
  const first = cpu(input)
  const counts = await count(input)
  const later = Array.from({ length: rounds }, () => cpu(input)).sort((a, b) => a - b)
  const ms = [first.toFixed(0), `${later[rounds >> 1]!.toFixed(1)} (${later[0]!.toFixed(1)})`]
  console.log(`| ${[name, ...counts, ...ms].join(' | ')} |`)
}

/** A saved VM as `vits repair` has it when it begins to plan. */
async function loaded(name: string): Promise<AuditInput> {
  const file = bytesSource(readFileSync(`fixtures/saved/${name}.mig.zst`))
  const machine = await open(file)
  const { registers, msi } = machine
  return { memory: (await inspect(machine)).memory, registers, msi }
}

/** CPU time of the whole process while one repair is planned, its compiler and garbage collector included. */
function cpu(input: AuditInput): number {
  const before = process.cpuUsage()
  planRepair([setScene(input)], { allow: 'proven' })
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** How often each counted function is called while one repair is planned. */
async function count(input: AuditInput): Promise<number[]> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  planRepair([setScene(input)], { allow: 'proven' })
  const { result } = await session.post('Profiler.takePreciseCoverage')
  session.disconnect()
  return Object.values(counted).map((name) => callsOf(name, result))
}

function callsOf(name: string, scripts: readonly Profiler.ScriptCoverage[]): number {
  const calls = scripts.flatMap(({ functions }) => functions.filter(({ functionName }) => functionName === name))
  return calls.reduce((sum, { ranges }) => sum + ranges[0]!.count, 0)
}
