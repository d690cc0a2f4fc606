import { type ProblemCode, problemCode, problems, type RuleName, ruleNames } from '@vits/core/audit'
import { explainDocument, type UnknownText } from '@vits/core/documents'
import {
  type ExplainedErrno,
  type ExplainedMessage,
  errnoNamed,
  explainErrno,
  explainLine,
  type LoggedMessage,
  LogReader,
  nearestMessages,
} from '@vits/core/messages'
import { ExitCode } from '../exit-code.ts'
import { UsageError } from '../failure.ts'
import { linesOf } from '../files/read-lines.ts'
import { type Io, STDIN } from '../io.ts'
import { jsonText, printable } from '../printable.ts'
import { errnoText, messageText, problemText, ruleText, unknownText } from '../render/explained-text.ts'
import type { explain } from '../usage/explain.ts'
import type { Run } from '../usage.ts'

/** What a word or a line turned out to be: one of them. */
interface Found {
  readonly code?: ProblemCode
  readonly rule?: RuleName
  readonly errno?: ExplainedErrno
  readonly message?: ExplainedMessage | LoggedMessage
  readonly unknown?: UnknownText
}

/** Bytes that are no text show early. */
const FIRST_LINES = 16

/** What was named is no log: perhaps the saved VM itself. */
class NoLogError extends Error {
  override readonly name = 'NoLogError'
  constructor(path: string) {
    super(`${path === STDIN ? 'standard input' : path} is no text; vits check FILE judges a saved VM`)
  }
}

const allCodes = Object.keys(problems) as ProblemCode[]

/** Says what a problem, an errno or a message means; of a rule, what it lets a witness say. */
export const run: Run<typeof explain> = async (words, { json }, io) => {
  const found: readonly Found[] = words.length === 0 ? allCodes.map((code) => ({ code })) : await everyFound(words, io)
  const unknown = all(found, 'unknown')
  if (json) {
    const [errnos, messages] = [all(found, 'errno'), all(found, 'message')]
    io.out(jsonText(explainDocument(all(found, 'code'), all(found, 'rule'), { errnos, messages, unknown })))
  } else if (words.length === 0) for (const code of allCodes) io.out(listed(code))
  else
    io.out(
      found
        .map((one) => textOf(one, io))
        .filter((text) => text !== '')
        .join('\n'),
    )
  for (const one of unknown) io.err(unknownText(one))
  return unknown.length > 0 ? ExitCode.Failed : ExitCode.Ok
}

const listed = (code: ProblemCode) => `${code} ${problems[code].slug.padEnd(30)} ${problems[code].usually}\n`

/** Those of one kind, in their order. */
const all = <K extends keyof Found>(found: readonly Found[], kind: K): NonNullable<Found[K]>[] =>
  found.flatMap((one) => one[kind] ?? []) as NonNullable<Found[K]>[]

function textOf({ code, rule, errno, message }: Found, { style }: Io): string {
  if (code !== undefined) return problemText(code, style)
  if (rule !== undefined) return ruleText(rule, style)
  if (errno !== undefined) return errnoText(errno, style)
  return message === undefined ? '' : messageText(message, style)
}

/** Words that mean nothing one by one may be a message that was not quoted. */
async function everyFound(words: readonly string[], io: Io): Promise<readonly Found[]> {
  const whole = words.join(' ')
  if (words.length > 1 && words.some((word) => named(word) === undefined)) {
    const message = explainLine(whole)
    if (message !== undefined && words.every((word) => explainLine(word) === undefined)) return [{ message }]
  }
  const found: Found[] = []
  for (const word of words) found.push(...(await foundOf(word, io)))
  return found
}

function named(word: string): Found | undefined {
  const rule = ruleNames.find((name) => name.toLowerCase() === word.toLowerCase())
  if (rule !== undefined) return { rule }
  const code = problemCode(word)
  if (code !== undefined) return { code }
  const errno = errnoNamed(word)
  return errno && { errno: explainErrno(errno) }
}

async function foundOf(word: string, io: Io): Promise<readonly Found[]> {
  const known = named(word)
  if (known !== undefined) return [known]
  if (word === STDIN) return foundInLog(word, io)
  const message = explainLine(word)
  if (message !== undefined) return [{ message }]
  if (await isThere(word, io)) return foundInLog(word, io)
  if (/\s/.test(word)) return [{ unknown: { text: word, nearest: nearestMessages(word) } }]
  throw new UsageError(`no problem, rule, errno, message or file '${word}' is known (vits explain lists the problems)`)
}

async function isThere(path: string, { disk }: Io): Promise<boolean> {
  try {
    return (await disk.identity(path)) !== undefined
  } catch {
    return false
  }
}

/** @throws Error for what is no text: the whole of a saved VM would be read for nothing. */
async function foundInLog(path: string, io: Io): Promise<readonly Found[]> {
  const log = new LogReader()
  for await (const line of linesOf(path, io)) {
    if (log.lines < FIRST_LINES && line.includes('\0')) throw new NoLogError(path)
    log.read(line)
  }
  if (log.messages.length > 0) return log.messages.map((message) => ({ message }))
  const name = path === STDIN ? 'standard input' : printable(path)
  return [{ unknown: { text: `${log.lines} lines of ${name}`, nearest: [] } }]
}
