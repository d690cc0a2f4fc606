import type { MessageName } from './rows.ts'
import { messageNames, messageRow } from './rows.ts'

/** How long what stands for `<name>` may be: no line takes long, whatever it holds. */
const HOLE = 200

/** One form of a message, as it is looked for in a line. */
interface Form {
  readonly name: MessageName
  readonly says: string
  /** What a line must hold, in lower case: most lines are passed over by it. */
  readonly words: string
  readonly pattern: RegExp
}

/** A message in a line. */
export interface Match {
  readonly name: MessageName
  /** Of its forms the one that was found. */
  readonly form: string
  /** Where in the line it begins. */
  readonly at: number
  /** What stands for each `<name>`, by its name. */
  readonly parts: Readonly<Record<string, string>>
}

function formOf(name: MessageName, says: string): Form {
  const pieces = says.split(/<(\w+)>/)
  const texts = pieces.filter((_piece, i) => i % 2 === 0)
  const named = new Set<string>()
  const source = pieces.map((piece, i) =>
    i % 2 === 0 ? literal(piece) : hole(piece, i === pieces.length - 2 && texts.at(-1) === '', named),
  )
  const [words = ''] = [...texts].sort((a, b) => b.length - a.length)
  return { name, says, words: words.trim().toLowerCase(), pattern: new RegExp(source.join(''), 'i') }
}

const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&').replace(/ +/g, ' +')

/** The last one takes the rest of the line; of one name, the first counts. */
function hole(name: string, isRest: boolean, named: Set<string>): string {
  const open = named.has(name) ? '(?:' : `(?<${name}>`
  named.add(name)
  return `${open}.{0,${HOLE}}${isRest ? '' : '?'})`
}

const forms: readonly Form[] = messageNames.flatMap((name) => messageRow(name).says.map((says) => formOf(name, says)))

/**
 * The message in a line that says most: what a VMM reports of its own stands in front of its cause, so it is the one that begins last.
 * Of two that begin together, the one that stands first in the table.
 */
export function matchLine(line: string): Match | undefined {
  const lower = line.toLowerCase()
  let best: Match | undefined
  for (const { name, says, words, pattern } of forms) {
    if (!lower.includes(words)) continue
    const found = pattern.exec(line)
    if (found !== null && (best === undefined || found.index > best.at))
      best = { name, form: says, at: found.index, parts: { ...found.groups } }
  }
  return best
}
