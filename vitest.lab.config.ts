import { defineConfig } from 'vitest/config'
import root from './vitest.config.ts'

/** What needs QEMU and real kernels; `npm run test:lab` sets them up and runs it. One file at a time: two cores have enough to do. */
export default defineConfig({
  ...root,
  test: { include: ['lab/suite/**/*.test.ts'], fileParallelism: false, testTimeout: 180_000 },
})
