import { defineConfig } from 'vitest/config'
import root from './vitest.config.ts'

/** What is given to users, packed and installed as they would: `npm run test:shipped`. */
export default defineConfig({ ...root, test: { ...root.test, include: ['cli/suite/**/*.test.ts'], testTimeout: 60_000 } })
