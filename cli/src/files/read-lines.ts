import type { Io } from '../io.ts'

/** What is read at a time. */
const PIECE = 2 ** 20

/** What of a line is kept: a file without line ends is no reason to keep all of it. */
const LONGEST = 2 ** 16

/** The lines of a file of whatever length, without their ends, one after another. */
export async function* linesOf(path: string, io: Io): AsyncGenerator<string> {
  const file = await io.open(path)
  try {
    const decoder = new TextDecoder()
    let rest = ''
    for (let at = 0; at < file.byteLength; at += PIECE) {
      const piece = await file.slice(at, Math.min(at + PIECE, file.byteLength))
      const lines = `${rest}${decoder.decode(piece, { stream: true })}`.split(/\r?\n|\r(?!$)/)
      rest = lines.pop()!.slice(0, LONGEST)
      yield* lines
    }
    rest += decoder.decode()
    if (rest !== '') yield rest
  } finally {
    await file.close()
  }
}
