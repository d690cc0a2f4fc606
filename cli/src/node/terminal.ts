import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failureLine } from '../failure.ts'
import type { Io } from '../io.ts'
import { lines, printable } from '../printable.ts'
import { fit } from '../render/layout.ts'
import { marksOf, style, wantsColour, widthFor } from '../style.ts'

/** Clears the line that the cursor is on. */
const CLEAR = '\r\x1b[K'

/** Standard output and error: the only place that writes to either. */
export interface Terminal extends Pick<Io, 'out' | 'err' | 'progress' | 'style'> {
  readonly colour: boolean
  /** What to exit with when not all could be said. */
  unsaid(): ExitBits
}

export function openTerminal({ stdout, stderr, env }: NodeJS.Process): Terminal {
  let unsaid: ExitBits = ExitCode.Ok
  const colour = wantsColour(env, stdout.isTTY === true)
  const look = style(colour, widthFor(env, stdout.columns), stdout.isTTY === true)
  const marks = marksOf(look)
  let isShown = false
  const progress = (text: string) => {
    // A line that wraps would not be cleared by its last row.
    const room = Math.max(20, (stderr.columns || 80) - 1)
    if (isShown || text !== '') stderr.write(text === '' ? CLEAR : `${CLEAR}${printable(`vits: ${text}`).slice(0, room)}`)
    isShown = text !== ''
  }
  // What is said stands on lines of its own.
  const said = (to: NodeJS.WriteStream, text: string) => {
    if (isShown) progress('')
    to.write(text)
  }
  // What goes into a log stays on its line.
  const errors = { width: widthFor(env, stderr.columns) }
  const err = (text: string) => said(stderr, stderr.isTTY === true ? fit(lines(text), errors) : lines(text))
  // A reader that has seen enough (`vits check ... | head`) is no error, and must not end a repair half-way: the rest is said to nobody.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || unsaid !== ExitCode.Ok) return
    unsaid = ExitCode.Failed
    process.exitCode = Number(process.exitCode ?? ExitCode.Ok) | unsaid
    err(`${failureLine(error, 'standard output')}\n`)
  })
  stderr.on('error', () => {})
  return {
    out: (text) => said(stdout, lines(text, marks)),
    err,
    progress: stderr.isTTY === true ? progress : undefined,
    style: look,
    colour,
    unsaid: () => unsaid,
  }
}
