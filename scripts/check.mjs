import { runSteps } from './run.mjs'

runSteps([
  ['biome', 'biome', 'check', '--error-on-warnings', '.'],
  ['tsc', 'tsc', '-p', 'tsconfig.json'],
  ['dependency-cruiser', 'depcruise', '--config', '.dependency-cruiser.cjs', 'core/src', 'cli/src', 'lab'],
  ['knip', 'knip'],
])
