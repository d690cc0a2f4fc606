import { defineConfig, mergeConfig } from 'vitest/config'
import base from './vitest.config.ts'

/** What `npm run test:browser` runs: the pages of the explorer in a real browser. */
const { include: _include, ...test } = base.test ?? {}
export default mergeConfig(
  { ...base, test },
  defineConfig({
    test: { include: ['explorer/browser/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 60_000, fileParallelism: false },
  }),
)
