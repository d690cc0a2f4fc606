import { parentPort, workerData } from 'node:worker_threads'
import { failed } from '../failure.ts'
import type { Io } from '../io.ts'
import { perform } from '../job.ts'
import { nodeIo } from '../node/io.ts'
import { unfinished } from '../node/unfinished.ts'
import { style } from '../style.ts'
import type { Said, Start } from './messages.ts'

const start = workerData as Start
const say = (said: Said) => parentPort!.postMessage(said)
unfinished.tell(start.unfinished)

let begun = 0
const here = nodeIo({
  out: (text) => say({ say: 'out', text }),
  err: (text) => say({ say: 'err', text }),
  progress: start.watched ? (text) => say({ say: 'progress', text }) : undefined,
  style: style(start.colour),
  turns: {
    begin: (file) => {
      begun++
      if (begun <= start.done) return false
      say({ say: 'begin', file })
      return true
    },
    opened: () => say({ say: 'opened' }),
    end: (bits) => say({ say: 'end', bits }),
  },
})
const io: Io = { ...here, disk: { ...here.disk, patch: whole(here.disk.patch) } }

/** The work, in one piece for those who would stop this thread. */
function whole<A extends readonly unknown[]>(work: (...args: A) => Promise<void>): (...args: A) => Promise<void> {
  return async (...args) => {
    Atomics.store(start.patching, 0, 1)
    try {
      await work(...args)
    } finally {
      Atomics.store(start.patching, 0, 0)
    }
  }
}

const bits = await perform(start.job, io).catch((error) => failed(error, io))
say({ say: 'done', bits })
