// Sets the lab up where that is still to be done and asks real kernels: what `npm test` cannot, without QEMU.
import { spawnSync } from 'node:child_process'

const steps = [
  ['node_modules/.bin/tsc', '-b', 'core', 'cli'],
  ['node_modules/.bin/tsx', 'lab/src/setup.ts'],
  ['node_modules/.bin/vitest', 'run', '--config', 'vitest.lab.config.ts', ...process.argv.slice(2)],
]

for (const [command, ...args] of steps) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
