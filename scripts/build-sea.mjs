// `npm run build:sea`: the program and Node in one file, cli/dist/vits, for hosts without Node. It runs on machines like this one.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pages } from '../explorer/build.mjs'
import { bundle, bundleWhole } from './bundle.mjs'

const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
const output = 'cli/dist/vits'
/** What they say is shown when they fail. */
const quiet = { stdio: 'pipe' }

await pages()
await bundle()
const folder = mkdtempSync(join(tmpdir(), 'vits-sea-'))
try {
  const [main, config, blob] = ['main.cjs', 'sea.json', 'blob'].map((name) => join(folder, name))
  writeFileSync(main, await bundleWhole())
  // Threads begin with the work alone. Their code comes as text: what is compiled ahead is only for the main thread.
  const assets = { 'work.cjs': 'cli/dist/work.cjs', 'report.html': 'cli/dist/report.html' }
  writeFileSync(config, JSON.stringify({ main, output: blob, assets, useCodeCache: true, disableExperimentalSEAWarning: true }))
  execFileSync(process.execPath, ['--experimental-sea-config', config], quiet)
  const program = join(folder, 'vits')
  copyFileSync(process.execPath, program)
  execFileSync('node_modules/.bin/postject', [program, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE], quiet)
  copyFileSync(program, output)
} finally {
  rmSync(folder, { recursive: true })
}
process.stdout.write(`${output}  ${(statSync(output).size / 2 ** 20).toFixed(0)} MiB, Node ${process.version}\n`)
