// What do an audit, the judgement of every kernel and a repair plan of a large VM cost once its tables are loaded, and how do they grow?
// CPU time of the process, ms: median (fastest). Usage: npm run bench -- audit [--devices 1024,8192] [--events 7] [--rounds N]
import { parseArgs } from 'node:util'
import { inspect } from '@vits/core'
import { profileIds } from '@vits/core/abi'
import { type AuditInput, audit, judgeKernels, type Scene, setScenes } from '@vits/core/audit'
import { planRepair } from '@vits/core/repair'
import { largeVm } from './testing/large-vm.ts'

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '10,1000,8192' },
    events: { type: 'string', default: '7' },
    rounds: { type: 'string', default: '21' },
  },
})
const rounds = Number(values.rounds)
const works = ['audit', 'kernels', 'plan'] as const

console.log(`| devices | orphans | verdict | ${works.join(' | ')} |`)
console.log(`| ---: | ---: | --- | ${works.map(() => '---:').join(' | ')} |`)
for (const orphans of [0, 0.01, 0.5]) {
  for (const devices of values.devices.split(',').map(Number)) await row(devices, orphans)
}

/** Every so many-th device is unmapped, the first among them: a restore comes to that one, and jumps over the others. */
async function row(devices: number, orphans: number): Promise<void> {
  const unmapped = orphans === 0 ? { first: devices, each: 1 } : { first: 0, each: 1 / orphans }
  const { memory, machine } = await inspect(largeVm(devices, Number(values.events), unmapped), { guestKernel: 'never' })
  const runs = Array.from({ length: rounds }, () => once({ memory, registers: machine.registers, msi: machine.msi }))
  // The first third brings the code to speed.
  const settled = runs.slice(rounds / 3)
  const cells = works.map((work) => {
    const times = settled.map(({ ms }) => ms[work]).sort((a, b) => a - b)
    return `${times[times.length >> 1]!.toFixed(1)} (${times[0]!.toFixed(1)})`
  })
  console.log(`| ${devices} | ${orphans * 100} % | ${runs[0]!.verdict} | ${cells.join(' | ')} |`)
}

function once(input: AuditInput): { readonly verdict: string; readonly ms: Record<(typeof works)[number], number> } {
  const scenes = setScenes(input)
  const ms = {
    audit: cpu(() => scenes.map(audit)),
    kernels: cpu(() => judgeKernels(scenes, profileIds)),
    plan: cpu(() => planRepair(scenes, { allow: 'proven' })),
  }
  return { verdict: verdictOf(scenes), ms }
}

function verdictOf(scenes: readonly Scene[]): string {
  return scenes.map((scene) => audit(scene).verdict).join()
}

/** CPU time of the whole process, compiler and garbage collector included. */
function cpu(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
