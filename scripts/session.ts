import { readFileSync } from 'node:fs'
import { decompress } from 'fzstd'
import type { Disk } from '../cli/src/disk.ts'
import { style } from '../cli/src/style.ts'
import { type Ran, vits } from '../cli/src/testing/fake-io.ts'

/** Cases and traces are kept as they are, everything else inside zstd. */
function fixture(name: string): Uint8Array {
  if (name.endsWith('.jsonl')) return readFileSync(`fixtures/traces/${name}`)
  return name.endsWith('.vits') ? readFileSync(`fixtures/saved/${name}`) : decompress(readFileSync(`fixtures/saved/${name}.zst`))
}

/** Words of a command line; those with blanks stand in double quotes. */
const wordsOf = (line: string): string[] => [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)

/** What a block of a session shows: each line with what it printed, and its exit status. */
async function sessionText(session: Session, line: string): Promise<string> {
  const { code, out, err, isPiped } = await session.run(line)
  const printed = `${out.trimEnd()}${err === '' ? '' : `\n${err.trimEnd()}`}`.replace(/^\n/, '')
  const status = isPiped ? '' : `\n$ echo $?\n${code}`
  const command = /^(COLUMNS=\d+ )?(.*)$/.exec(line)!
  return `\n\`\`\`\n$ ${command[1] ?? ''}vits${command[2] === '' ? '' : ` ${command[2]}`}\n${printed}${status}\n\`\`\`\n`
}

/** Runs command lines one after another on files that exist in memory only, fixtures among them. */
export class Session {
  readonly #files: Record<string, Uint8Array>

  /** Fixtures by their own names, or by others; and whatever else is there. */
  constructor(fixtures: Readonly<Record<string, string>>, others: Readonly<Record<string, Uint8Array>> = {}) {
    const there = Object.entries(fixtures).map(([name, from]) => [name, fixture(from)])
    this.#files = { ...Object.fromEntries(there), ...others }
  }

  /**
   * A line as a shell has it: words in quotes, `COLUMNS=60` before it, `< FILE` and `| head -N` or `| tail -N` behind it. The exit status of a pipe is not
   * the program's: none is given for it.
   */
  async run(line: string): Promise<Ran & { readonly isPiped: boolean }> {
    const [, columns, command = '', input, end, count] =
      /^(?:COLUMNS=(\d+) )?(.*?)(?: < (\S+))?(?: \| (head|tail) -(\d+))?$/.exec(line)!
    const files = input === undefined ? this.#files : { ...this.#files, '-': this.#files[input]! }
    const look = style(false, columns === undefined ? undefined : Number(columns))
    const ran = await vits(wordsOf(command), files, { disk: this.#disk(), style: look })
    const isPiped = end !== undefined
    const printed = ran.out.trimEnd().split('\n')
    const kept = end === 'tail' ? printed.slice(-Number(count)) : printed.slice(0, isPiped ? Number(count) : undefined)
    return { ...ran, isPiped, out: kept.join('\n') }
  }

  #disk(): Disk {
    const files = this.#files
    const refuse = async () => {
      throw new Error('sessions of documents write single new files')
    }
    return {
      identity: async (path) => {
        const bytes = files[path]
        return bytes && { bytes: bytes.length, stamp: path, inode: path, isFile: true, mode: 0o644, uid: 0, gid: 0 }
      },
      followed: async (path) => path,
      refuseUnwritable: async () => {},
      refuseReadOnly: refuse,
      lock: refuse,
      create: async (path, { bytes, pieces }, how = {}) => {
        const whole = new Uint8Array(bytes)
        let done = 0
        for await (const piece of pieces) {
          whole.set(piece, done)
          done += piece.length
        }
        files[path] = whole
        await how.approve?.(path)
      },
      createFolder: refuse,
      patch: refuse,
      remove: refuse,
    }
  }
}

/** Fixtures by their own names. */
export const asNamed = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, name]))

/** `text` with what the program prints today for each session it shows. */
export async function withSessions(text: string, session: Session): Promise<string> {
  let printed = text
  for (const [, line] of [...text.matchAll(/<!-- session: (.*?) ?-->/g)]) {
    printed = withBlock(printed, `session: ${line}`, await sessionText(session, line!), 'session')
  }
  return printed
}

/** `text` with what stands between `<!-- name -->` and the `<!-- /end -->` that follows replaced. */
export function withBlock(text: string, name: string, block: string, end = name): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${end} -->`]
  const from = text.indexOf(open)
  const to = text.indexOf(close, from)
  if (from < 0 || to < from) throw new Error(`there is no block ${name}`)
  return `${text.slice(0, from + open.length)}\n${block}\n${text.slice(to)}`
}
