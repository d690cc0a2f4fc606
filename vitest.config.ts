import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const { VITS_EVERY, VITS_LONG } = process.env
const isEvery = VITS_EVERY !== undefined || VITS_LONG !== undefined

const core = fileURLToPath(new URL('./core/src', import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@vits\/core$/, replacement: `${core}/index.ts` },
      { find: /^@vits\/core\/(.+)$/, replacement: `${core}/$1/index.ts` },
    ],
  },
  test: {
    // What starts vits as a process of its own, to kill it, feed it or weigh it, and what takes long is for `npm run test:every`.
    exclude: isEvery ? [] : ['**/*.process.test.ts', '**/*.long.test.ts'],
    include: [
      'core/src/**/*.test.ts',
      'cli/src/**/*.test.ts',
      'explorer/src/**/*.test.ts',
      'lab/src/**/*.test.ts',
      'scripts/**/*.test.ts',
      'bench/**/*.test.ts',
      'fuzz/**/*.test.ts',
    ],
    // Tests that run the program in a process of its own run what users get, as it is now.
    globalSetup: ['./vitest.bundle.mjs'],
    setupFiles: ['./vitest.seed.ts'],
    testTimeout: 60_000,
    // No test leaves anything behind in a module: a worker loads each once, and not for each file.
    isolate: false,
    // Nobody waits for the core that vitest would leave free, and many tests wait for processes of their own.
    maxWorkers: '150%',
  },
})
