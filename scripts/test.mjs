// `npm test`: everything a contributor must pass. `npm test -- PATH`: the tests of that path, and nothing else.
import { spawnSync } from 'node:child_process'
import { checks } from './checks.mjs'
import { runSteps } from './run.mjs'

const args = process.argv.slice(2)
const isSome = args.some((word) => !word.startsWith('-'))

await runSteps([
  ['build', 'tsc', '-b', 'core'],
  ['bundle', 'node', 'scripts/bundle.mjs'],
  ...(isSome ? [] : [['pages', 'node', 'explorer/build.mjs']]),
])
if (!isSome) await runSteps([['publint core', 'publint', 'core'], ['publint cli', 'publint', 'cli'], ...checks], { atOnce: 2 })
const { status } = spawnSync('node_modules/.bin/vitest', ['run', ...args], { stdio: 'inherit' })
const passed = isSome
  ? 'These tests passed. `npm run check` asks the linter, the types and the import law.'
  : 'All checks and tests passed.'
process.stdout.write(status === 0 ? `\n${passed}\n` : '\nSome tests failed.\n')
process.exit(status ?? 1)
