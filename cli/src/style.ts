import pc from 'picocolors'

/** How words are set off; every function is the identity where there is no colour. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  good(text: string): string
  bad(text: string): string
  warn(text: string): string
}

/** Colour on a terminal only: NO_COLOR and FORCE_COLOR are the caller's to obey. */
export function style(colour: boolean): Style {
  const { bold, dim, green, red, yellow } = pc.createColors(colour)
  return { bold, dim, good: green, bad: red, warn: yellow }
}
