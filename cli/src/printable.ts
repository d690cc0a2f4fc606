const unprintable = /\p{Cc}|\p{Cf}/gu

/** Text from outside, a file's name or what a file says of itself, without what a terminal would obey. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) =>
    Array.from(new TextEncoder().encode(character), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  )
}

/** A file's name as one word of a shell's command line, and never as an option. */
export function shellWord(file: string): string {
  const safe = file.startsWith('-') ? `./${file}` : file
  if (/^[\w@%+=:,./-]+$/.test(safe)) return safe
  if (safe.search(unprintable) >= 0) return `$'${printable(safe.replace(/['\\]/g, '\\$&'))}'`
  return `'${safe.replaceAll("'", "'\\''")}'`
}
