import { checks } from './checks.mjs'
import { runSteps } from './run.mjs'

await runSteps(checks, { atOnce: 2 })
