import { type ExplainedMessage, explainLine } from './explain.ts'
import { type MessageName, messageNames, messageRow } from './rows.ts'

/** What of a line is looked at. */
const LINE = 4096

/** A message that stands in a log. */
export interface LoggedMessage extends ExplainedMessage {
  /** The line, counted from 1, in which it stands first. */
  readonly line: number
  readonly text: string
  /** In how many lines it stands, with the same errno and the same attribute. */
  readonly times: number
}

/** Reads a log line by line, and keeps of it what is known. */
export class LogReader {
  /** Lines that were read. */
  lines = 0
  readonly #seen = new Map<string, LoggedMessage>()

  /** The next line, without its end. */
  read(whole: string): void {
    this.lines++
    const text = whole.slice(0, LINE).trim()
    const found = explainLine(text)
    if (found === undefined) return
    const key = [found.name, found.errno, found.attribute?.names].join(' ')
    const before = this.#seen.get(key)
    this.#seen.set(
      key,
      before === undefined ? { ...found, line: this.lines, text, times: 1 } : { ...before, times: before.times + 1 },
    )
  }

  /** The messages that are known, in the order of their first lines; those that only report others, where there are no others. */
  get messages(): LoggedMessage[] {
    const all = [...this.#seen.values()]
    const telling = all.filter(({ name }) => messageRow(name).wraps !== true)
    return telling.length > 0 ? telling : all
  }
}

const wordsIn = (text: string): Set<string> => new Set(text.toLowerCase().match(/[a-z_]{3,}/g))

const known = messageNames.map((name) => ({ name, words: wordsIn(messageRow(name).says.join(' ').replace(/<\w+>/g, '')) }))

/** The known messages that have most words in common with a text: a word that few of them have counts for more. At most three. */
export function nearestMessages(text: string): readonly MessageName[] {
  const words = [...wordsIn(text.slice(0, LINE))]
  const weight = (word: string) => 1 / known.filter((one) => one.words.has(word)).length
  return known
    .map(({ name, words: its }) => ({
      name,
      score: words.filter((word) => its.has(word)).reduce((sum, word) => sum + weight(word), 0),
    }))
    .filter(({ score }) => score >= 0.5)
    .sort((a, b) => b.score - a.score)
    .slice(0, 3)
    .map(({ name }) => name)
}
