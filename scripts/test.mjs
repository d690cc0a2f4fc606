import { spawnSync } from 'node:child_process'
import { runSteps } from './run.mjs'

runSteps([
  ['build', 'tsc', '-b', 'core'],
  ['bundle', 'node', 'scripts/bundle.mjs'],
  ['publint core', 'publint', 'core'],
  ['publint cli', 'publint', 'cli'],
])
await import('./check.mjs')
const { status } = spawnSync('node_modules/.bin/vitest', ['run', ...process.argv.slice(2)], { stdio: 'inherit' })
process.stdout.write(status === 0 ? '\nAll checks and tests passed.\n' : '\nSome tests failed.\n')
process.exit(status ?? 1)
