import { MessageChannel, type Worker } from 'node:worker_threads'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failureLine } from '../failure.ts'
import type { Io } from '../io.ts'
import type { Job } from '../job.ts'
import type { Limit, Limits } from '../limits.ts'
import { memoryWatch } from '../node/memory-watch.ts'
import { startThread } from '../node/start-thread.ts'
import { unfinished } from '../node/unfinished.ts'
import type { Said, Start } from './messages.ts'

/** What is to be done, within what, and for whom. */
export interface Leashed {
  readonly job: Job
  readonly limits: Limits
  /** Each has its turn, whatever comes of the others. */
  readonly files: readonly string[]
  readonly io: Pick<Io, 'out' | 'err' | 'progress' | 'style' | 'now'>
  readonly colour: boolean
}

/** Milliseconds between two looks at a thread: in that time its memory grows by some ten MiB. */
export const LOOK = 20

/**
 * V8 aborts the whole process where a large array does not fit into a heap any more, and the largest takes 1 GiB. So what the process
 * takes is watched from outside, and the limit of the heap itself is only for what the watch would come to see too late.
 */
const HEAP_BEYOND_MIB = 2048

/** A job in a thread of its own, which is stopped wherever it is. */
export class Thread {
  /** When the work is over, or stopped, and all that it said has been heard. */
  readonly over: Promise<void>
  readonly #leashed: Leashed
  readonly #worker: Worker
  readonly #unfinished = new MessageChannel()
  readonly #patching = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  /** Files whose turn has begun and not ended: of two that are compared, the second has its turn within the first one's. */
  readonly #turns: string[] = []
  readonly #done: number
  readonly #memory = memoryWatch()
  #ended = 0
  #since = Number.POSITIVE_INFINITY
  #isOpen = false
  #limit: Limit | undefined
  #bits: ExitBits = ExitCode.Ok
  #isDone = false
  #isStopped = false

  /** @param done how many files had their turn before */
  constructor(leashed: Leashed, done: number) {
    const { job, io, limits, colour } = leashed
    this.#leashed = leashed
    this.#done = done
    const { port2 } = this.#unfinished
    const watched = io.progress !== undefined
    const start: Start = { job, done, colour, width: io.style.width, watched, unfinished: port2, patching: this.#patching }
    this.#worker = startThread(
      { thread: 'job', start },
      {
        transferList: [port2],
        resourceLimits: { maxOldGenerationSizeMb: limits.maxMemory / 2 ** 20 + HEAP_BEYOND_MIB },
      },
    )
    this.over = this.#watch()
  }

  /** What stopped it before it was done. */
  get limit(): Limit | undefined {
    return this.#isDone ? undefined : this.#limit
  }

  /** How many files had their turn to its end. */
  get ended(): number {
    return this.#ended
  }

  /** Of those. */
  get bits(): ExitBits {
    return this.#bits
  }

  /** The file whose turn it is. */
  get file(): string | undefined {
    return this.#turns.at(-1) ?? this.#leashed.files[this.#done + this.#ended]
  }

  /** Whether that file has been opened. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Bytes of a file are being overwritten: an end now would leave some old and some new, until `vits undo`. */
  get isPatching(): boolean {
    return Atomics.load(this.#patching, 0) !== 0
  }

  /** Ends the work now, and removes what it has not completed on the disk. */
  stop(): void {
    this.#isStopped = true
    void this.#worker.terminate()
    this.#removeUnfinished()
  }

  #removeUnfinished(): void {
    unfinished.listen(this.#unfinished.port1)
    unfinished.remove()
  }

  async #watch(): Promise<void> {
    const looking = setInterval(() => this.#look(), LOOK)
    this.#worker.on('message', (said: Said) => this.#hear(said))
    let failure: Error | undefined
    this.#worker.once('error', (error: Error) => {
      failure = error
    })
    await new Promise((resolve) => this.#worker.once('exit', resolve))
    clearInterval(looking)
    if (!this.#isDone && !this.#isStopped) this.#fail(failure ?? new Error('the work ended without an answer'))
    this.#removeUnfinished()
    this.#unfinished.port1.close()
  }

  #look(): void {
    if (this.#isDone || this.#isStopped || this.isPatching) return
    const { limits, io } = this.#leashed
    if (this.#memory() > limits.maxMemory) this.#limit = 'maxMemory'
    else if (io.now() - this.#since > limits.timeout) this.#limit = 'timeout'
    if (this.#limit !== undefined) this.stop()
  }

  #fail(error: Error): void {
    if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
      this.#limit = 'heap'
      return
    }
    this.#leashed.io.err(`${failureLine(error, this.file)}\n`)
    this.#bits |= ExitCode.Failed
  }

  #hear(said: Said): void {
    const { io } = this.#leashed
    switch (said.say) {
      case 'out':
      case 'err':
        io[said.say](said.text)
        break
      case 'progress':
        io.progress?.(said.text)
        break
      case 'begin':
        if (this.#turns.push(said.file) === 1) this.#since = io.now()
        this.#isOpen = false
        break
      case 'opened':
        this.#isOpen = true
        break
      case 'end':
        this.#turns.pop()
        if (this.#turns.length === 0) this.#endTurn()
        this.#bits |= said.bits
        break
      case 'done':
        this.#isDone = true
        this.#bits |= said.bits
    }
  }

  #endTurn(): void {
    this.#ended++
    this.#since = Number.POSITIVE_INFINITY
  }
}
