import { type Machine, type MachineOptions, type StartMachine, startMachine, type Transport } from './machine.ts'

/** What the agent answered: the ioctl's result or a negative errno, its duration, and what it read. */
export interface Answer {
  readonly rc: number
  readonly ns: number
  readonly data: string
}

/**
 * Bytes of lines sent and not answered yet. A pipe holds 64 KiB: with more in flight our write would block while the agent's
 * answers wait for us to read them. A serial port has a queue of its own, much shorter.
 */
const WINDOW: Record<Transport, number> = { fifo: 60_000, serial: 3_000, pipe: 60_000 }

/** The longest line that fits the window of every transport. */
export const LONGEST_LINE = 2_900

const NOT_UNDERSTOOD = -9999
/** Begins the last line of an agent that cannot go on. */
const STOPPED = 'STOPPED '
const BOOT_MS = 60_000
/** A kernel that says on its console what it does, and says nothing for so long before the agent begins, has come to a stand. */
const BOOT_SILENCE_MS = 8_000
/** What is kept of a console. */
const CONSOLE_CHARACTERS = 1 << 20
/** No request takes as long, on a machine that has other things to do: a kernel that is silent for so long is dead. */
const SILENCE_MS = 30_000

/** The kernel died under a request, or says nothing any more: what was asked has no answer. */
export class HostDied extends Error {
  override readonly name = 'HostDied'
  /** What it said before, where it was heard. */
  readonly console: string

  constructor(message: string, console = '') {
    super(message)
    this.console = console
  }
}

/** The kernel did not come to the agent, or has no KVM. */
export class NotBooted extends Error {
  override readonly name = 'NotBooted'
  /** What the kernel said, where it was heard. */
  readonly console: string

  constructor(message: string, console: string) {
    super(message)
    this.console = console
  }
}

interface Waiting {
  readonly line: string
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

/** The agent in a machine that has booted: lines in, answers out, in order and as many at once as fit. */
export class Agent {
  readonly #machine: Machine
  readonly #window: number
  readonly #unsent: Waiting[] = []
  readonly #sent: Waiting[] = []
  #firstUnsent = 0
  #firstSent = 0
  #inFlight = 0
  #received = 0
  #scheduled = false
  #tail = ''
  #failure: Error | undefined
  #ready: (() => void) | undefined
  #console = ''
  #bootConsole = ''
  #heard = () => {}
  readonly #silence: NodeJS.Timeout
  readonly #killOnExit: () => void

  private constructor(start: StartMachine, options: MachineOptions, silenceMs: number) {
    this.#machine = start(options, {
      received: (bytes) => this.#receive(bytes.toString('latin1')),
      died: (reason) => this.#fail(new HostDied(reason, this.#console)),
      said: (text) => {
        this.#console = (this.#console + text).slice(-CONSOLE_CHARACTERS)
        this.#heard()
      },
    })
    this.#window = WINDOW[this.#machine.transport]
    this.#silence = setTimeout(() => this.#silent(), silenceMs).unref()
    this.#killOnExit = () => this.#machine.kill()
    process.once('exit', this.#killOnExit)
  }

  /** Boots a machine and waits for its agent. */
  static async boot(options: MachineOptions, start: StartMachine = startMachine, silenceMs = SILENCE_MS): Promise<Agent> {
    const agent = new Agent(start, options, silenceMs)
    const late = (why: string, ms: number) =>
      setTimeout(() => agent.#fail(new Error(`${options.kernel} ${why} ${ms / 1000} s`)), ms)
    const timer = late('did not boot in', BOOT_MS)
    const silence = options.console ? late('does not boot, and has said nothing for', BOOT_SILENCE_MS) : undefined
    agent.#heard = () => silence?.refresh()
    try {
      await new Promise<void>((resolve, reject) => {
        agent.#ready = resolve
        agent.#sent.push({ line: 'boot', resolve: () => {}, reject })
      })
    } catch (error) {
      agent.#machine.kill()
      throw new NotBooted((error as Error).message, agent.#console)
    } finally {
      clearTimeout(timer)
      clearTimeout(silence)
      agent.#heard = () => {}
    }
    return agent
  }

  /** True once the machine has died or was stopped: it answers nothing any more. */
  get dead(): boolean {
    return this.#failure !== undefined
  }

  /** What the kernel has said since it booted, where it is heard. */
  get console(): string {
    return this.#console
  }

  /** And what it said until then. */
  get bootConsole(): string {
    return this.#bootConsole
  }

  get transport(): Transport {
    return this.#machine.transport
  }

  /** Sends a line. @throws Error when the agent does not understand it, or has died. */
  request(line: string): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#unsent.push({ line, resolve, reject })
      if (this.#scheduled) return
      this.#scheduled = true
      queueMicrotask(() => {
        this.#scheduled = false
        this.#pump()
      })
    })
  }

  /** Powers the machine off. */
  async stop(): Promise<void> {
    process.removeListener('exit', this.#killOnExit)
    if (this.#failure === undefined) {
      this.#failure = new Error('the lab was stopped')
      clearTimeout(this.#silence)
      this.#machine.send('quit\n')
      const timer = setTimeout(() => this.#machine.kill(), 3_000)
      await this.#machine.ended
      clearTimeout(timer)
    }
  }

  #pump(): void {
    let text = ''
    while (this.#firstUnsent < this.#unsent.length) {
      const next = this.#unsent[this.#firstUnsent]!
      const bytes = next.line.length + 1
      if (this.#inFlight > 0 && this.#inFlight + bytes > this.#window) break
      this.#firstUnsent++
      this.#inFlight += bytes
      this.#sent.push(next)
      text += `${next.line}\n`
    }
    if (this.#firstUnsent === this.#unsent.length) {
      this.#unsent.length = 0
      this.#firstUnsent = 0
    }
    if (text === '') return
    this.#silence.refresh()
    this.#machine.send(text)
  }

  #receive(text: string): void {
    this.#received++
    this.#silence.refresh()
    const lines = (this.#tail + text).split('\n')
    this.#tail = lines.pop()!
    for (const line of lines) this.#answer(line)
    if (this.#firstSent === this.#sent.length) {
      this.#sent.length = 0
      this.#firstSent = 0
    }
    this.#pump()
  }

  #answer(line: string): void {
    if (line.startsWith(STOPPED)) {
      this.#fail(new Error(`the agent stopped: ${line.slice(STOPPED.length)}`))
      return
    }
    if (this.#ready !== undefined) {
      this.#boots(line)
      return
    }
    const waiting = this.#sent[this.#firstSent++]
    if (waiting === undefined) return
    this.#inFlight -= waiting.line.length + 1
    const [rc, ns] = line.split(' ', 2)
    const data = line.slice(rc!.length + (ns?.length ?? 0) + 2).trimEnd()
    if (Number(rc) === NOT_UNDERSTOOD || ns === undefined) {
      waiting.reject(new Error(`the agent does not understand: ${waiting.line.slice(0, 200)}`))
    } else waiting.resolve({ rc: Number(rc), ns: Number(ns), data })
  }

  /** Before the agent's first line a kernel may have words of its own. */
  #boots(line: string): void {
    const ready = /READY (-?\d+)/.exec(line)
    if (ready === null) return
    if (ready[1] !== '0') {
      this.#fail(new Error(`this kernel has no KVM (errno ${-Number(ready[1])} on /dev/kvm)`))
      return
    }
    this.#firstSent++
    this.#bootConsole = this.#console
    this.#console = ''
    this.#ready?.()
    this.#ready = undefined
  }

  /** This program may have been at work for so long itself: answers that wait to be read are heard first. */
  #silent(): void {
    const heard = this.#received
    setImmediate(() => {
      if (this.#received === heard) this.#giveUp()
      else this.#silence.refresh()
    })
  }

  #giveUp(): void {
    const first = this.#sent[this.#firstSent]
    if (first === undefined || this.#failure !== undefined) return
    this.#machine.kill()
    this.#fail(new HostDied(`the kernel is silent, asked ${first.line.slice(0, 80)}`, this.#console))
  }

  #fail(error: Error): void {
    clearTimeout(this.#silence)
    process.removeListener('exit', this.#killOnExit)
    this.#failure ??= error
    const waiting = [...this.#sent.slice(this.#firstSent), ...this.#unsent.slice(this.#firstUnsent)]
    this.#sent.length = this.#unsent.length = this.#firstSent = this.#firstUnsent = 0
    for (const { reject } of waiting) reject(error)
  }
}
