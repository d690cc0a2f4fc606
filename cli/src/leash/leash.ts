import { constants } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failureLine } from '../failure.ts'
import { memoryWatch } from '../node/memory-watch.ts'
import { type Limit, limitWords } from '../options/limits.ts'
import { type Claims, hasFree, newClaims, onlyOne, takeFirst } from './claims.ts'
import { InOrder } from './in-order.ts'
import { Progress } from './progress.ts'
import { type Leashed, Thread } from './thread.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Signal = (typeof signals)[number]

/** Milliseconds between two looks at the threads: in that time their memory grows by some ten MiB each. */
const LOOK = 20

/** Milliseconds that a stopped thread has to be gone. */
const LONGEST_END = 2000

/**
 * Does a job in threads of its own. A file that takes more than a limit is one line on stderr, and the next has its turn, in a new
 * thread; a signal ends the program.
 */
export function perform(leashed: Leashed): Promise<ExitBits> {
  return new Leash(leashed).perform()
}

class Leash {
  readonly #leashed: Leashed
  readonly #threads = new Set<Thread>()
  readonly #claims: Claims | undefined
  readonly #progress: Progress
  readonly #answers: InOrder
  readonly #memory = memoryWatch()
  #bits: ExitBits = ExitCode.Ok
  #end: Promise<never> | undefined

  constructor(leashed: Leashed) {
    this.#leashed = leashed
    this.#claims = leashed.eachFile ? newClaims(leashed.files.length) : undefined
    this.#progress = new Progress(leashed, this.#threads)
    this.#answers = new InOrder(leashed, this.#claims, this.#progress)
  }

  async perform(): Promise<ExitBits> {
    const stop = (signal: Signal) => {
      this.#end ??= this.#endBy(signal)
    }
    for (const signal of signals) process.once(signal, stop)
    const looking = setInterval(() => this.#look(), LOOK)
    if (this.#claims === undefined) await this.#all()
    else await this.#each(this.#claims)
    clearInterval(looking)
    this.#progress.end()
    for (const signal of signals) process.off(signal, stop)
    return this.#bits
  }

  /** The files make one answer, and there is none where one of them is too much. */
  async #all(): Promise<void> {
    const thread = await this.#run(undefined)
    if (thread.limit !== undefined) this.#giveUp(thread, thread.limit)
  }

  /** Gives every file its turn, in as many threads as are asked for and there is memory for. */
  async #each(claims: Claims): Promise<void> {
    const { jobs, files } = this.#leashed
    for (let side = Math.min(jobs, files.length); ; side = Math.max(1, side >> 1)) {
      const slots = await Promise.all(Array.from({ length: side }, () => this.#slot(claims, side === 1)))
      const stopped = slots.filter((slot) => slot !== undefined)
      // What others, or files before it, have in memory may have been too much: then it has its turn again, alone.
      for (const { index } of stopped) {
        if (index === undefined) continue
        const thread = await this.#run(onlyOne(claims, index))
        if (thread.limit !== undefined) this.#giveUp(thread, thread.limit)
      }
      if (stopped.length === 0 || !hasFree(claims)) return
    }
  }

  /** One thread after the other until no file is left; answers the thread that stopped because memory ran out. */
  async #slot(claims: Claims, isAlone: boolean): Promise<Thread | undefined> {
    for (;;) {
      const thread = await this.#run(claims)
      const { limit, index, ended } = thread
      if (limit === undefined) {
        // A thread that is broken is followed by another as long as that comes to something.
        if (thread.isDone || ended === 0 || !hasFree(claims)) return undefined
      } else if (limit === 'timeout') this.#giveUp(thread, limit)
      else if (isAlone && ended === 0) this.#giveUp(thread, limit, index ?? takeFirst(claims))
      else return thread
      if (!hasFree(claims)) return undefined
    }
  }

  async #run(claims: Claims | undefined): Promise<Thread> {
    const thread = new Thread(this.#leashed, claims, this.#answers)
    this.#threads.add(thread)
    await thread.over
    this.#threads.delete(thread)
    await this.#end
    this.#bits |= thread.bits
    return thread
  }

  /** What all have in memory together is not any one's: all of them are stopped for it. */
  #look(): void {
    const { limits, io } = this.#leashed
    const isFull = this.#memory() > limits.maxMemory
    for (const thread of this.#threads) {
      if (isFull) thread.exceed('maxMemory')
      else if (io.now() - thread.since > limits.timeout) thread.exceed('timeout')
    }
  }

  #giveUp({ file: at, isOpen, index: turn }: Thread, limit: Limit, index = turn): void {
    const { files, limits } = this.#leashed
    const file = at ?? (index === undefined ? undefined : files[index])
    const bits = isOpen ? ExitCode.Undecided : ExitCode.Failed
    const says = limitWords(limit, limits)
    const err = `${failureLine(isOpen ? `undecided: ${says}` : says, file)}\n`
    this.#bits |= bits
    if (index === undefined || file === undefined || this.#claims === undefined) this.#answers.outside('err', err)
    else this.#answers.turn({ file, index, bits, out: '', err, document: undefined, gaveUp: { says, isOpen } })
  }

  /** As if nobody had listened for the signal: who waits for the program sees what ended it. */
  async #endBy(signal: Signal): Promise<never> {
    const threads = [...this.#threads]
    // The signal once more ends it even so.
    while (threads.some(({ isPatching }) => isPatching)) await setTimeout(LOOK)
    for (const thread of threads) thread.stop()
    // What the operating system was asked for may still come about, a new file among it. Nobody waits long for a disk that is gone.
    await Promise.race([Promise.all(threads.map(({ over }) => over)), setTimeout(LONGEST_END)])
    this.#leashed.io.progress?.('')
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
    // The first process of a container is not ended by its own signals.
    process.exit(128 + constants.signals[signal])
  }
}
