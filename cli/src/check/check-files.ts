import type { CheckedDocument } from '@vits/core/documents'
import type { Ask } from '../asking.ts'
import type { ExitBits } from '../exit-code.ts'
import type { Io } from '../io.ts'
import type { Job } from '../job.ts'
import { jsonText } from '../printable.ts'
import type { Turn } from '../turns.ts'
import { type Answering, decidingOptions, unreadDocument } from './answer.ts'
import { isPattern } from './glob.ts'

/** What is needed to check files, wherever they are. */
export interface Checking {
  readonly version: string
  readonly ask: Ask
  readonly io: Pick<Io, 'out' | 'err'>
  isFolder(path: string): boolean
  /** Does what is more than one file: loaded when it is needed. */
  many(job: Job, checking: Checking): Promise<ExitBits>
}

/** Checks what a command line names: one file in the shortest way, whatever else in the other. */
export async function checkFiles(job: Job, checking: Checking): Promise<ExitBits> {
  const { words, options } = job
  const [file, ...others] = words
  const isMore = ['manifest', 'shard', 'resume', 'format'].some((name) => options[name] !== undefined)
  if (file === undefined || others.length > 0 || isMore || isPattern(file) || checking.isFolder(file))
    return checking.many(job, checking)
  const { io, version } = checking
  const json = options['json'] === true
  const answer: Answering = { version, report: !json, document: json }
  const hear = (turn: Turn) => {
    io.err(turn.err)
    io.out(json ? jsonText(documentOf(turn, job, version)) : turn.out)
  }
  return checking.ask({ job: { ...job, options: { ...options, answer } }, files: words, jobs: 1, hear })
}

/** What was found of a file, or why nothing was. */
export function documentOf({ file, bits, document, gaveUp }: Turn, { options }: Job, version: string): CheckedDocument {
  if (document !== undefined) return document as CheckedDocument
  const asked = { version, options: decidingOptions(options as never), files: [], exit: bits }
  return unreadDocument({ file, says: gaveUp?.says ?? 'the work on it came to no end', isOpen: gaveUp?.isOpen === true, asked })
}
