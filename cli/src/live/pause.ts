import { isObject, type Qmp, QmpLost, QmpRefusal } from './qmp.ts'

/** The pause is over before what was to be done in it: the VM runs again. */
export class PauseOver extends Error {
  override readonly name = 'PauseOver'
}

/** Nothing is known to be wrong with the VM, and it is not in a state that can be looked at. */
export class VmError extends Error {
  override readonly name = 'VmError'
}

/** What a pause takes. */
export interface Pausing {
  readonly qmp: Qmp
  /** A new connection to the same monitor, where the first is gone. */
  reconnect(): Promise<Qmp>
  /** Calls `undo` before a signal ends the program; the answer takes that back. */
  onSignal(undo: () => Promise<void>): () => void
  readonly most: number
  now(): number
}

/** What became of a pause. */
export interface PauseTaken {
  /** The VM ran before, and runs again; or it was paused, and still is. */
  readonly was: 'running' | 'paused'
  /** Milliseconds from STOP to RESUME, by QEMU's own clock; undefined where the VM was paused before. */
  readonly milliseconds: number | undefined
}

/** Whether the work in a pause may go on. */
export interface Deadline {
  /** @throws PauseOver when the VM runs again, or is about to. */
  check(): void
}

/** States in which vCPUs stand still and KVM has written its tables. */
const STANDING = ['paused', 'io-error', 'internal-error', 'guest-panicked', 'watchdog', 'postmigrate', 'shutdown']
/** Milliseconds. */
const CONTINUE_WITHIN = 10_000

/**
 * Does something while the VM is paused, and lets it go on, whatever happens: an error, the end of the time, a lost connection, a signal.
 * A VM that was paused before stays so.
 *
 * @throws PauseOver when `most` milliseconds are spent before the work is done: then the VM goes on first.
 */
export async function whilePaused<T>(
  pausing: Pausing,
  work: (deadline: Deadline) => Promise<T>,
): Promise<{ readonly value: T; readonly pause: PauseTaken }> {
  const pause = new Pause(pausing)
  const release = pausing.onSignal(() => pause.end('a signal came'))
  try {
    await pause.begin()
    const value = await Promise.race([work(pause), pause.over])
    return { value, pause: await pause.taken() }
  } finally {
    await pause.end('the work is over')
    release()
  }
}

class Pause implements Deadline {
  /** Rejects when the VM runs again before the work is done. */
  readonly over: Promise<never>
  readonly #pausing: Pausing
  #was: PauseTaken['was'] = 'paused'
  /** The VM must be let go on. */
  #isOurs = false
  #isOver: PauseOver | undefined
  #ending: Promise<void> | undefined
  #takeBack: () => void = () => {}
  #timer: NodeJS.Timeout | undefined
  #stoppedAt = Number.NaN
  #resumedAt = Number.NaN
  #begun = 0
  #ended = 0
  #reject: (error: PauseOver) => void = () => {}

  constructor(pausing: Pausing) {
    this.#pausing = pausing
    this.over = new Promise((_, reject) => {
      this.#reject = reject
    })
    this.over.catch(() => {})
  }

  async begin(): Promise<void> {
    const { qmp, most, now } = this.#pausing
    let isStopped = false
    qmp.onEvent = ({ event, at }) => {
      if (event === 'STOP') {
        isStopped = true
        this.#stoppedAt = at
      } else if (event === 'RESUME') this.#resumed(at)
    }
    const status = await qmp.execute('query-status')
    const { running, status: word } = isObject(status) ? status : {}
    if (running !== true || isStopped) {
      if (running !== true && !STANDING.includes(String(word)))
        throw new VmError(`the VM is not to be looked at: it is "${word}"`)
      return
    }
    this.#was = 'running'
    this.#begun = now()
    this.#isOurs = true
    this.#takeBack = qmp.executeAfter(most, 'cont')
    this.#timer = setTimeout(() => void this.end(this.#spent).catch(() => {}), most)
    try {
      await qmp.execute('stop')
    } catch (error) {
      if (error instanceof QmpRefusal) this.#isOurs = false
      throw error
    }
    if (isStopped) return
    const after = await qmp.execute('query-status')
    if (!isObject(after) || after['running'] !== false) throw new VmError('QEMU says that it stopped the VM, and the VM runs')
  }

  check(): void {
    if (this.#isOver !== undefined) throw this.#isOver
  }

  /** Lets the VM go on, if it is to, and says how long it stood still. */
  async taken(): Promise<PauseTaken> {
    await this.end('the work is over')
    if (this.#was === 'paused') return { was: 'paused', milliseconds: undefined }
    const told = this.#resumedAt - this.#stoppedAt
    return { was: 'running', milliseconds: told >= 0 ? told : this.#ended - this.#begun }
  }

  end(why: string): Promise<void> {
    this.#finish(why)
    this.#ending ??= this.#continue()
    return this.#ending
  }

  get #spent(): string {
    return `${this.#pausing.most} ms are spent (--max-pause)`
  }

  #finish(why: string): void {
    clearTimeout(this.#timer)
    this.#takeBack()
    if (this.#isOver !== undefined) return
    this.#isOver = new PauseOver(`the pause was over before all of it was read: ${why}`)
    this.#reject(this.#isOver)
  }

  /** The VM runs: by our own doing, or by somebody else's, who has it now. */
  #resumed(at: number): void {
    this.#resumedAt = at
    if (this.#ending !== undefined) return
    this.#isOurs = false
    const isSpent = this.#pausing.now() - this.#begun >= this.#pausing.most
    this.#finish(isSpent ? this.#spent : 'somebody else let the VM go on')
  }

  async #continue(): Promise<void> {
    if (!this.#isOurs) return
    try {
      await this.#pausing.qmp.execute('cont', {}, CONTINUE_WITHIN)
    } catch (error) {
      await this.#continueAnew(error)
    }
    this.#isOurs = false
    this.#ended = this.#pausing.now()
  }

  /** Over a new connection, where the first is gone. */
  async #continueAnew(first: unknown): Promise<void> {
    try {
      if (!(first instanceof QmpLost)) throw first
      const again = await this.#pausing.reconnect()
      try {
        await again.execute('cont', {}, CONTINUE_WITHIN)
      } finally {
        again.close()
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new VmError(`THE VM IS STILL PAUSED and could not be let go on (${why}): send it "cont"`)
    }
  }
}
