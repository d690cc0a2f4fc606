import type { Ask } from '../asking.ts'
import { checkFiles } from '../check/check-files.ts'
import { checkMany } from '../check/many.ts'
import type { ExitBits } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { type Job, perform } from '../job.ts'

/** Does a job in this thread, as the program does it in others. */
export async function performHere(job: Job, io: Io, version: string): Promise<ExitBits> {
  if (job.command !== 'check') return perform(job, io)
  const isFolder = new Set<string>()
  for (const word of job.words) if ((await io.list(word)) !== undefined) isFolder.add(word)
  return checkFiles(job, {
    version,
    ask: askHere(io),
    io,
    isFolder: (path) => isFolder.has(path),
    many: (many, checking) => checkMany(many, checking, io),
  })
}

/** Each file has its turn in this thread. */
const askHere =
  (io: Io): Ask =>
  ({ job, hear }) => {
    let turn = { file: '', index: -1, out: '', err: '', document: undefined as unknown }
    const isBegun = () => turn.file !== ''
    const turns: Io['turns'] = {
      ...io.turns,
      begin: (file) => {
        turn = { file, index: turn.index + 1, out: '', err: '', document: undefined }
        return true
      },
      found: (document) => {
        turn.document = structuredClone(document)
      },
      end: (bits) => {
        hear({ ...turn, bits })
        turn.file = ''
      },
    }
    const saying = (say: 'out' | 'err') => (text: string) => {
      if (isBegun()) turn[say] += text
      else io[say](text)
    }
    return perform(job, { ...io, turns, out: saying('out'), err: saying('err') })
  }
