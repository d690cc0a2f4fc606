import pc from 'picocolors'

/** What is printed fits the terminal from here on; a narrower one breaks lines itself. */
const NARROWEST = 60
const WIDEST = 200
/** Where nobody knows how wide lines may be: in a pipe, in a file, in a document. */
const PRINTED = 100

/** How wide lines are, and how words are set off; every function is the identity where there is no colour. */
export interface Style {
  /** Columns of a line. */
  readonly width: number
  /** People look at it as it comes: what is one line for each of many may be several where it is too wide. */
  readonly isTerminal: boolean
  bold(text: string): string
  dim(text: string): string
  good(text: string): string
  bad(text: string): string
  warn(text: string): string
}

/** Colour on a terminal only, unless the environment says otherwise (no-color.org, force-color.org). */
export function wantsColour(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  const { NO_COLOR: no = '', FORCE_COLOR: force = '' } = env
  if (no !== '') return false
  if (force !== '') return force !== '0'
  return isTerminal && env['TERM'] !== 'dumb'
}

/** Columns of a line: as COLUMNS has it, as ls(1) does, or the terminal. `columns`: undefined where there is none. */
export function widthFor(env: Readonly<Record<string, string | undefined>>, columns: number | undefined): number {
  const said = Number(env['COLUMNS'])
  const width = Number.isInteger(said) && said > 0 ? said : columns || PRINTED
  return Math.min(WIDEST, Math.max(NARROWEST, width))
}

/** Everything by which words are set off: each is one of these before them and one behind them. */
export function marksOf(style: Style): string[] {
  const { bold, dim, good, bad, warn } = style
  return [...new Set([bold, dim, good, bad, warn].flatMap((set) => set('x').split('x')))].filter((mark) => mark !== '')
}

export function style(colour: boolean, width = PRINTED, isTerminal = false): Style {
  const { bold, dim, green, red, yellow } = pc.createColors(colour)
  return { width, isTerminal, bold, dim, good: green, bad: red, warn: yellow }
}
