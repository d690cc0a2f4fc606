import type { Style } from '../style.ts'
import { displayWidth, padded } from './display-width.ts'

/** A command line as a shell takes it, on as many lines as the width asks for: each but the last ends with a backslash. */
export function shellLines(words: readonly string[], before: string, { width }: Pick<Style, 'width'>): string[] {
  const whole = `${before}${words.join(' ')}`
  if (displayWidth(whole) <= width) return [whole]
  const below = ' '.repeat(displayWidth(before) + 4)
  const [first = '', ...others] = words
  const lines = [`${before}${first}`]
  for (const part of withValues(others)) {
    const line = `${lines.at(-1)} ${part}`
    // Two more for the backslash, on whichever line it comes to stand.
    if (displayWidth(line) + 2 <= width) lines[lines.length - 1] = line
    else lines.push(`${below}${part}`)
  }
  return lines.map((line, i) => (i < lines.length - 1 ? `${line} \\` : line))
}

/** An option and its value stay together, as far as can be told. */
function withValues(words: readonly string[]): string[] {
  const parts: string[] = []
  for (const word of words) {
    const before = parts.at(-1)
    if (before !== undefined && /^-(o|-\w[\w-]*)$/.test(before) && !word.startsWith('-'))
      parts[parts.length - 1] = `${before} ${word}`
    else parts.push(word)
  }
  return parts
}

/** Commands to run next, with what they are for: beside them, or above where they are too long for that. */
export function hintLines(
  hints: readonly (readonly [run: readonly string[], why: string])[],
  style: Pick<Style, 'width'>,
): string[] {
  const runs = hints.map(([run]) => run.join(' '))
  const column = Math.max(...runs.map(displayWidth)) + 2
  const beside = hints.map(([, why], i) => `  ${padded(runs[i]!, column)}${why}`)
  if (beside.every((line) => displayWidth(line) <= style.width)) return beside
  return hints.flatMap(([run, why]) => [`  ${why}:`, ...shellLines(run, '      ', style)])
}
