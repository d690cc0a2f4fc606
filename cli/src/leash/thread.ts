import { MessageChannel, type Worker } from 'node:worker_threads'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failureLine, reason } from '../failure.ts'
import type { Io } from '../io.ts'
import type { Job } from '../job.ts'
import { startThread } from '../node/start-thread.ts'
import { unfinished } from '../node/unfinished.ts'
import type { Limit, Limits } from '../options/limits.ts'
import type { Turn } from '../turns.ts'
import type { Claims } from './claims.ts'
import type { Said, Start } from './messages.ts'

/** What is to be done, within what, and for whom. */
export interface Leashed {
  readonly job: Job
  readonly limits: Limits
  /** Each has its turn, whatever comes of the others; or the work is on all of them, and the first is what it is called by. */
  readonly files: readonly string[]
  readonly eachFile: boolean
  /** How many of them may have their turn at one time. */
  readonly jobs: number
  readonly io: Pick<Io, 'out' | 'err' | 'progress' | 'style' | 'now'>
  readonly colour: boolean
  /** Is told of each turn in the order of the files; without it, what is said is said at once. */
  readonly hear?: (turn: Turn) => void
}

/** What a thread says. */
export interface Hearer {
  /** Of a file whose turn is over. */
  turn(turn: Turn): void
  /** Of none. */
  outside(say: 'out' | 'err', text: string): void
}

/** A turn that has begun. */
interface Begun {
  readonly file: string
  readonly index: number
  out: string
  err: string
  document: unknown
}

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
  readonly #hearer: Hearer
  readonly #worker: Worker
  readonly #unfinished = new MessageChannel()
  readonly #patching = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  /** Files whose turn has begun and not ended: of two that are compared, the second has its turn within the first one's. */
  readonly #turns: Begun[] = []
  #at = ''
  #ended = 0
  #since = Number.POSITIVE_INFINITY
  #isOpen = false
  #limit: Limit | undefined
  #bits: ExitBits = ExitCode.Ok
  #isDone = false
  #isStopped = false

  /** @param claims which files are its own, where each has its turn */
  constructor(leashed: Leashed, claims: Claims | undefined, hearer: Hearer) {
    const { job, jobs, io, limits, colour } = leashed
    this.#leashed = leashed
    this.#hearer = hearer
    const { port2 } = this.#unfinished
    const watched = io.progress !== undefined
    const start: Start = {
      job,
      claims,
      jobs,
      colour,
      width: io.style.width,
      isTerminal: io.style.isTerminal,
      watched,
      unfinished: port2,
      patching: this.#patching,
    }
    this.#worker = startThread(
      { thread: 'job', start },
      {
        transferList: [port2],
        resourceLimits: { maxOldGenerationSizeMb: limits.maxMemory / 2 ** 20 + HEAP_BEYOND_MIB },
      },
    )
    this.over = this.#watch()
  }

  /** It came to the end of the job. */
  get isDone(): boolean {
    return this.#isDone
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
    const { eachFile, files } = this.#leashed
    return this.#turns.at(-1)?.file ?? (eachFile && files.length > 1 ? undefined : files[0])
  }

  /** Which of the files has its turn. */
  get index(): number | undefined {
    return this.#turns[0]?.index
  }

  /** Since when it has; infinite where none has. */
  get since(): number {
    return this.#since
  }

  /** What the work on it is at. */
  get at(): string {
    return this.#at
  }

  /** Whether that file has been opened. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Bytes of a file are being overwritten: an end now would leave some old and some new, until `vits undo`. */
  get isPatching(): boolean {
    return Atomics.load(this.#patching, 0) !== 0
  }

  /** Ends the work for a limit, unless it is done or bytes of a file are being overwritten. */
  exceed(limit: Limit): void {
    if (this.#isDone || this.#isStopped || this.isPatching) return
    this.#limit = limit
    this.stop()
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
    this.#worker.on('message', (said: Said) => this.#hear(said))
    let failure: Error | undefined
    this.#worker.once('error', (error: Error) => {
      failure = error
    })
    await new Promise((resolve) => this.#worker.once('exit', resolve))
    if (!this.#isDone && !this.#isStopped) this.#fail(failure ?? new Error('the work ended without an answer'))
    this.#removeUnfinished()
    this.#unfinished.port1.close()
  }

  #fail(error: Error): void {
    if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
      this.#limit = 'heap'
      return
    }
    this.#bits |= ExitCode.Failed
    const err = `${failureLine(error, this.file)}\n`
    const [turn] = this.#turns
    if (turn === undefined) this.#hearer.outside('err', err)
    else this.#end({ ...turn, bits: ExitCode.Failed, err: turn.err + err, gaveUp: { says: reason(error), isOpen: this.#isOpen } })
  }

  #hear(said: Said): void {
    const [turn] = this.#turns
    switch (said.say) {
      case 'out':
      case 'err':
        if (turn === undefined || this.#leashed.hear === undefined) this.#hearer.outside(said.say, said.text)
        else turn[said.say] += said.text
        break
      case 'progress':
        this.#at = said.text
        break
      case 'begin':
        if (this.#turns.push({ ...said, out: '', err: '', document: undefined }) === 1) this.#since = this.#leashed.io.now()
        this.#isOpen = false
        break
      case 'opened':
        this.#isOpen = true
        break
      case 'found':
        if (turn !== undefined) turn.document = said.document
        break
      case 'end':
        this.#turns.pop()
        this.#bits |= said.bits
        if (this.#turns.length === 0 && turn !== undefined) this.#end({ ...turn, bits: said.bits })
        break
      case 'done':
        this.#isDone = true
        this.#bits |= said.bits
    }
  }

  #end(turn: Turn): void {
    this.#ended++
    this.#since = Number.POSITIVE_INFINITY
    this.#at = ''
    this.#hearer.turn(turn)
  }
}
