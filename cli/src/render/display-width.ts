/** What sets words off, as `Style` does: SGR sequences, which take no room. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with one
const marks = /\u001b\[[0-9;]*m/g

/** What stands above or below the character before it, and the vowels and finals of conjoining Hangul. */
const combining = /[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7fb]/u

/** East Asian wide and fullwidth characters, and those shown as emoji: a terminal gives each two columns (UAX #11). */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u3247\u3250-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18d08}\u{1aff0}-\u{1b2fb}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|(?![\u{1f1e6}-\u{1f1ff}])\p{Emoji_Presentation}/u

/** As wide as it is long. */
const simple = /^[\x20-\x7e]*$/

/** Columns that a text without line ends takes on a terminal. */
export function displayWidth(text: string): number {
  if (simple.test(text)) return text.length
  let columns = 0
  for (const character of text.replace(marks, '')) {
    if (combining.test(character)) continue
    columns += character > '\u10ff' && wide.test(character) ? 2 : 1
  }
  return columns
}

/** Spaces behind a text up to that many columns. */
export const padded = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - displayWidth(text)))

/** The marks in a text, in order. */
export const marksIn = (text: string): readonly string[] => text.match(marks) ?? []
