import { STDIN } from './io.ts'

/**
 * What a terminal would obey, or show as something else: controls, what turns the direction of text round or is not seen, separators of
 * lines, and halves of characters.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

const isHalf = (character: string): boolean => /\p{Cs}/u.test(character)

function escaped(character: string): string {
  if (isHalf(character)) return `\\u${character.charCodeAt(0).toString(16)}`
  return Array.from(new TextEncoder().encode(character), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
}

/** Text from outside, a file's name or what a file says of itself, without what a terminal would obey: it stays on its line. */
export function printable(text: string): string {
  return text.replace(unprintable, escaped)
}

/**
 * Lines for people, as they are written to a terminal at last, whatever somebody forgot on the way: nothing in them is obeyed but the
 * ends of lines and these `marks`, which set words off.
 */
export function lines(text: string, marks: readonly string[] = []): string {
  const kept = ['\n', ...marks].map((mark) => mark.replace('[', '\\['))
  return text.replace(
    new RegExp(`(${kept.join('|')})|${unprintable.source}`, 'gu'),
    (character, mark) => mark ?? escaped(character),
  )
}

/** A document as JSON; what a terminal would obey is written in JSON's own escapes, so that it is the same document. */
export function jsonText(document: unknown, indent = 2): string {
  const text = JSON.stringify(document, null, indent)
  const inUnits = (character: string) => Array.from({ length: character.length }, (_, i) => `\\u${hex4(character.charCodeAt(i))}`)
  return `${text.replace(unprintable, (character) => (character === '\n' ? character : inUnits(character).join('')))}\n`
}

const hex4 = (unit: number): string => unit.toString(16).padStart(4, '0')

/** A file's name as one word of a shell's command line, and never as an option. */
export function shellWord(file: string): string {
  const safe = file !== STDIN && file.startsWith('-') ? `./${file}` : file
  if (/^[\w@%+=:,./-]+$/.test(safe)) return safe
  if (safe.search(unprintable) >= 0) return `$'${printable(safe.replace(/['\\]/g, '\\$&'))}'`
  return `'${safe.replaceAll("'", "'\\''")}'`
}
