import { readFileSync } from 'node:fs'
import { type ExitBits, ExitCode } from './exit-code.ts'
import { failureLine } from './failure.ts'
import { nodeDisk, removeUnfinished } from './node/disk.ts'
import { listFolder } from './node/list-folder.ts'
import { openFile } from './node/open-file.ts'
import { run } from './program.ts'
import { openLab } from './prove/lab-program.ts'
import { style, wantsColour } from './style.ts'

const { stdout, stderr, env } = process
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

// A reader that has seen enough (`vits check ... | head`) is no error, and must not end a repair half-way: the rest is said to nobody.
let unsaid: ExitBits = ExitCode.Ok
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' || unsaid !== ExitCode.Ok) return
  unsaid = ExitCode.Failed
  process.exitCode = Number(process.exitCode ?? ExitCode.Ok) | unsaid
  stderr.write(`${failureLine(error, 'standard output')}\n`)
})
stderr.on('error', () => {})
process.once('exit', removeUnfinished)
process.once('SIGINT', () => process.exit(ExitCode.Cancelled))
process.once('SIGTERM', () => process.exit(ExitCode.Cancelled))

const bits = await run(
  process.argv.slice(2),
  {
    open: openFile,
    list: listFolder,
    disk: nodeDisk,
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    progress: stderr.isTTY === true ? (text) => stderr.write(`\r\x1b[K${text}`) : undefined,
    style: style(wantsColour(env, stdout.isTTY === true)),
    lab: openLab,
    now: () => performance.now(),
  },
  version,
)
process.exitCode = bits | unsaid
