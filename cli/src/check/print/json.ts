import { jsonText } from '../../printable.ts'
import type { Printer } from '../printer.ts'

/** The document of one file, to be read by people too. */
export const jsonSingle = (): Printer => ({ answer: ({ document }) => jsonText(document), end: () => '' })

/** A document a line. */
export const jsonLines = (): Printer => ({ answer: ({ document }) => jsonText(document, 0), end: () => '' })

/** An array of documents, each on a line of its own. */
export function jsonArray(): Printer {
  let open = '[\n'
  return {
    answer: ({ document }) => {
      const before = open
      open = ',\n'
      return `${before}${jsonText(document, 0).trimEnd()}`
    },
    end: () => (open === '[\n' ? '[]\n' : '\n]\n'),
  }
}
