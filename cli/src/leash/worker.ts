import { parentPort } from 'node:worker_threads'
import type { ExitBits } from '../exit-code.ts'
import { failed } from '../failure.ts'
import type { Io } from '../io.ts'
import { perform } from '../job.ts'
import { nodeIo } from '../node/io.ts'
import { KEPT_BYTES } from '../node/spool.ts'
import { unfinished } from '../node/unfinished.ts'
import { limitsOf } from '../options/limits.ts'
import { style } from '../style.ts'
import type { Turns } from '../turns.ts'
import { type Claims, claim } from './claims.ts'
import type { Said, Start } from './messages.ts'

const say = (said: Said) => parentPort!.postMessage(said)

/** Does a job in this thread, and says how it goes to the one that holds the leash. */
export async function work(start: Start): Promise<void> {
  unfinished.tell(start.unfinished)
  // What else is kept has to have room beside it.
  const keeping = Math.min(KEPT_BYTES, limitsOf(start.job.options).maxMemory / 4 / start.jobs)
  const said = {
    out: (text: string) => say({ say: 'out', text }),
    err: (text: string) => say({ say: 'err', text }),
    progress: start.watched ? onlyNews((text) => say({ say: 'progress', text })) : undefined,
    style: style(start.colour, start.width, start.isTerminal),
    turns: turnsOf(start.claims),
  }
  const here = nodeIo(said, keeping)
  const io: Io = { ...here, disk: { ...here.disk, patch: whole(start.patching, here.disk.patch) } }
  const bits = await perform(start.job, io).catch((error) => failed(error, io))
  say({ say: 'done', bits })
}

/** The turns of those files that no other thread has; of all, where they make one answer. */
function turnsOf(claims: Claims | undefined): Turns {
  let begun = 0
  return {
    begin: (file: string) => {
      const index = begun++
      if (claims !== undefined && !claim(claims, index)) return false
      say({ say: 'begin', file, index })
      return true
    },
    opened: () => say({ say: 'opened' }),
    found: (document: unknown) => say({ say: 'found', document }),
    end: (bits: ExitBits) => say({ say: 'end', bits }),
  }
}

/** A loop may tell more often than it has news. */
function onlyNews(tell: (text: string) => void): (text: string) => void {
  let last = ''
  return (text) => {
    if (text === last) return
    last = text
    tell(text)
  }
}

/** The work, in one piece for those who would stop this thread. */
function whole<A extends readonly unknown[]>(
  patching: Int32Array,
  work: (...args: A) => Promise<void>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    Atomics.store(patching, 0, 1)
    try {
      await work(...args)
    } finally {
      Atomics.store(patching, 0, 0)
    }
  }
}
