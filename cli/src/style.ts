import pc from 'picocolors'

/** How words are set off; every function is the identity where there is no colour. */
export interface Style {
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

/** Everything by which words are set off: each is one of these before them and one behind them. */
export function marksOf(style: Style): string[] {
  const { bold, dim, good, bad, warn } = style
  return [...new Set([bold, dim, good, bad, warn].flatMap((set) => set('x').split('x')))].filter((mark) => mark !== '')
}

export function style(colour: boolean): Style {
  const { bold, dim, green, red, yellow } = pc.createColors(colour)
  return { bold, dim, good: green, bad: red, warn: yellow }
}
