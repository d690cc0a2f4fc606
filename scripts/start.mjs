// `npm start`: build, then the main job on a real saved VM that is kept in fixtures.
import { spawnSync } from 'node:child_process'
import { runSteps } from './run.mjs'

const file = 'fixtures/saved/scattered-unrestorable.mig.zst'

await runSteps([['bundle', 'node', 'scripts/bundle.mjs']])
process.stdout.write(`\n$ vits check ${file}\n\n`)
const { status } = spawnSync(process.execPath, ['cli/bin/vits.js', 'check', file], { stdio: 'inherit' })

// 4: there are problems. This VM has them, so anything else is a failure of ours.
if (status !== 4) {
  process.stdout.write(`\nvits should have found the problems of this VM (exit status 4) and answered ${status}.\n`)
  process.exit(1)
}
process.stdout.write(`
That was a saved VM of a real KVM host: eight vCPUs, whose kernel left unmapped devices in the tables.
vits answered with exit status 4, "there are problems": as it should.
Try your own:  node cli/bin/vits.js check FILE        All commands:  node cli/bin/vits.js --help
`)
