import { readFileSync } from 'node:fs'
import { ExitCode } from './exit-code.ts'
import { nodeDisk, removeUnfinished } from './node/disk.ts'
import { listFolder } from './node/list-folder.ts'
import { openFile } from './node/open-file.ts'
import { run } from './program.ts'
import { openLab } from './prove/lab-program.ts'
import { style, wantsColour } from './style.ts'

const { stdout, stderr, env } = process
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

// A reader that has seen enough (`vits check ... | head`) is no error.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? process.exitCode : ExitCode.Failed))
process.once('exit', removeUnfinished)
process.once('SIGINT', () => process.exit(ExitCode.Cancelled))
process.once('SIGTERM', () => process.exit(ExitCode.Cancelled))

process.exitCode = await run(
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
