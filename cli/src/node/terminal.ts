import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failureLine } from '../failure.ts'
import type { Io } from '../io.ts'
import { lines, printable } from '../printable.ts'
import { fit } from '../render/layout.ts'
import { marksOf, style, wantsColour, widthFor } from '../style.ts'

/** Standard output and error: the only place that writes to either. */
export interface Terminal extends Pick<Io, 'out' | 'err' | 'progress' | 'style'> {
  readonly colour: boolean
  /** What to exit with when not all could be said. */
  unsaid(): ExitBits
}

export function openTerminal({ stdout, stderr, env }: NodeJS.Process): Terminal {
  let unsaid: ExitBits = ExitCode.Ok
  const colour = wantsColour(env, stdout.isTTY === true)
  const look = style(colour, widthFor(env, stdout.columns))
  const marks = marksOf(look)
  // What goes into a log stays on its line.
  const errors = { width: widthFor(env, stderr.columns) }
  const err = (text: string) => stderr.write(stderr.isTTY === true ? fit(lines(text), errors) : lines(text))
  // A reader that has seen enough (`vits check ... | head`) is no error, and must not end a repair half-way: the rest is said to nobody.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || unsaid !== ExitCode.Ok) return
    unsaid = ExitCode.Failed
    process.exitCode = Number(process.exitCode ?? ExitCode.Ok) | unsaid
    err(`${failureLine(error, 'standard output')}\n`)
  })
  stderr.on('error', () => {})
  return {
    out: (text) => stdout.write(lines(text, marks)),
    err,
    progress: stderr.isTTY === true ? (text) => stderr.write(`\r\x1b[K${printable(text)}`) : undefined,
    style: look,
    colour,
    unsaid: () => unsaid,
  }
}
