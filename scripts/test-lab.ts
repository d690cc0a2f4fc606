// Sets the lab up where that is still to be done and asks real kernels: what `npm test` cannot, without QEMU. With `--all`, every kernel
// that can be fetched; else three, and one of the others by turns.
import { spawnSync } from 'node:child_process'
import { kernelSeries } from '../lab/src/cache.ts'
import { kernelsInTurn } from '../lab/src/kernels/in-turn.ts'
import { pinnedKernels } from '../lab/src/kernels/pinned.ts'

const all = process.argv.includes('--all')
const { always, inTurn } = kernelsInTurn(pinnedKernels, new Date())
const kernels = all ? [...kernelSeries, ...pinnedKernels.map(({ version }) => version)] : [...always, inTurn]
process.stdout.write(`Kernels asked: ${kernels.join(', ')}${all ? '' : `; ${inTurn} is today's, --all asks every one`}\n`)

const fetched = kernels.filter((name) => !kernelSeries.some((series) => series === name))
const others = process.argv.slice(2).filter((word) => word !== '--all')
const steps = [
  ['npm', 'run', 'build'],
  ['node_modules/.bin/tsx', 'lab/src/setup.ts', '--kernels', fetched.join(',')],
  ['node_modules/.bin/vitest', 'run', '--config', 'vitest.lab.config.ts', ...others],
] as const

for (const [command, ...args] of steps) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, LAB_KERNELS: kernels.join(',') } })
  if (status !== 0) process.exit(status ?? 1)
}
