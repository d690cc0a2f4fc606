import { defineConfig } from 'vitest/config'
import root from './vitest.config.ts'

/** What needs real shells, a terminal and man: `npm run test:shells` installs them where they are missing, and runs it. */
export default defineConfig({ ...root, test: { ...root.test, include: ['scripts/shells/*.suite.ts'], testTimeout: 60_000 } })
