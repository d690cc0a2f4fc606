import { record } from './commands/record.ts'
import { replay } from './commands/replay.ts'

const commands: Readonly<Record<string, { readonly usage: string; readonly run: (args: string[]) => Promise<number> }>> = {
  record: { usage: 'record SCENARIO... [--kernel 6.12|6.1|VMLINUZ] [--out FOLDER]', run: record },
  replay: { usage: 'replay [FILE|FOLDER]... [--kernel 6.12|6.1|VMLINUZ]', run: replay },
}

const [name = '', ...args] = process.argv.slice(2)
const command = commands[name]
if (command === undefined) {
  const lines = Object.values(commands).map(({ usage }) => `  npm run lab -- ${usage}`)
  process.stderr.write(`${['Usage:', ...lines].join('\n')}\n`)
  process.exitCode = 2
} else {
  process.exitCode = await command.run(args).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  })
}
