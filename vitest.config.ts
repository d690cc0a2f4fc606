import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const core = fileURLToPath(new URL('./core/src', import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@vits\/core$/, replacement: `${core}/index.ts` },
      { find: /^@vits\/core\/(.+)$/, replacement: `${core}/$1/index.ts` },
    ],
  },
  test: {
    include: [
      'core/src/**/*.test.ts',
      'cli/src/**/*.test.ts',
      'lab/src/**/*.test.ts',
      'scripts/**/*.test.ts',
      'bench/**/*.test.ts',
      'fuzz/**/*.test.ts',
    ],
    setupFiles: ['./vitest.seed.ts'],
    testTimeout: 60_000,
    // No test leaves anything behind in a module: a worker loads each once, and not for each file.
    isolate: false,
    // Nobody waits for the core that vitest would leave free, and many tests wait for processes of their own.
    maxWorkers: '150%',
  },
})
