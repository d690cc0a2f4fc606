import { constants } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failureLine } from '../failure.ts'
import { type Limit, limitWords } from '../limits.ts'
import { type Leashed, LOOK, Thread } from './thread.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Signal = (typeof signals)[number]

/** Milliseconds that a stopped thread has to be gone. */
const LONGEST_END = 2000

/**
 * Does a job in a thread of its own. A file that takes more than a limit is one line on stderr, and the next has its turn, in a new
 * thread; a signal ends the program.
 */
export async function perform(leashed: Leashed): Promise<ExitBits> {
  let thread = new Thread(leashed, 0)
  let end: Promise<never> | undefined
  const stop = (signal: Signal) => {
    end = endBy(signal, thread)
  }
  for (const signal of signals) process.once(signal, stop)
  let bits: ExitBits = ExitCode.Ok
  for (let done = 0; ; thread = new Thread(leashed, done)) {
    await thread.over
    await end
    bits |= thread.bits
    const { limit } = thread
    if (limit === undefined) break
    done += thread.ended
    // What files before it have left in memory may have been too much: then it has its turn again, alone.
    const isAgain = limit !== 'timeout' && thread.ended > 0 && done < leashed.files.length
    if (!isAgain) {
      bits |= giveUp(thread, limit, leashed)
      done++
    }
    if (done >= leashed.files.length) break
  }
  for (const signal of signals) process.off(signal, stop)
  return bits
}

function giveUp({ file, isOpen }: Thread, limit: Limit, { io, limits }: Leashed): ExitBits {
  io.progress?.('')
  const words = limitWords(limit, limits)
  io.err(`${failureLine(isOpen ? `undecided: ${words}` : words, file)}\n`)
  return isOpen ? ExitCode.Undecided : ExitCode.Failed
}

/** As if nobody had listened for the signal: who waits for the program sees what ended it. */
async function endBy(signal: Signal, thread: Thread): Promise<never> {
  // The signal once more ends it even so.
  while (thread.isPatching) await setTimeout(LOOK)
  thread.stop()
  // What the operating system was asked for may still come about, a new file among it. Nobody waits long for a disk that is gone.
  await Promise.race([thread.over, setTimeout(LONGEST_END)])
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  // The first process of a container is not ended by its own signals.
  process.exit(128 + constants.signals[signal])
}
