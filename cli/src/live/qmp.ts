import type { Monitor } from './monitor.ts'

/** QEMU refused a command: its class of error and its own words. */
export class QmpRefusal extends Error {
  override readonly name = 'QmpRefusal'
  readonly kind: string

  constructor(command: string, kind: string, words: string) {
    super(`${command}: ${words} (${kind})`)
    this.kind = kind
  }
}

/** The connection is gone, or what came over it was no QMP: nothing more can be heard through it. */
export class QmpLost extends Error {
  override readonly name = 'QmpLost'
}

/** Something happened in QEMU. */
export interface QmpEvent {
  readonly event: string
  /** Milliseconds of the clock of QEMU's host. */
  readonly at: number
}

/** No answer that is asked for here has more. */
const LONGEST_LINE = 4 << 20
/** Milliseconds. */
const ANSWER_WITHIN = 30_000
const GREETING_WITHIN = 5_000

interface Waiting {
  readonly command: string
  answer(value: unknown): void
  fail(error: Error): void
}

type Json = Readonly<Record<string, unknown>>

/** QEMU's machine protocol over a connection: a JSON object a line each way. Commands are sent at once and answered in their order. */
export class Qmp {
  /** `7.2.22`. */
  readonly version: string
  readonly #line: QmpLine

  private constructor(line: QmpLine, version: string) {
    this.#line = line
    this.version = version
  }

  /** Waits for the greeting and answers it. @throws QmpLost where none comes: a monitor has one client at a time. */
  static async open(monitor: Monitor, within = GREETING_WITHIN): Promise<Qmp> {
    const line = new QmpLine(monitor)
    try {
      const greeting = await line.greeting(within)
      await line.execute('qmp_capabilities', {}, within)
      return new Qmp(line, versionOf(greeting))
    } catch (error) {
      line.lose(error instanceof Error ? error : new QmpLost(String(error)))
      throw error
    }
  }

  /** Hears of every event from now on. */
  set onEvent(hear: (event: QmpEvent) => void) {
    this.#line.hear = hear
  }

  /**
   * Runs a command.
   * @throws QmpRefusal with QEMU's reason; QmpLost when the connection ends, or no answer comes within so many milliseconds.
   */
  execute(command: string, args: Json = {}, within = ANSWER_WITHIN): Promise<unknown> {
    return this.#line.execute(command, args, within)
  }

  /** Runs a command when so many milliseconds are over, whatever this thread does then; what is returned takes that back. */
  executeAfter(milliseconds: number, command: string): () => void {
    return this.#line.executeAfter(milliseconds, command)
  }

  close(): void {
    this.#line.lose(new QmpLost('the connection was closed'))
  }
}

class QmpLine {
  hear: (event: QmpEvent) => void = () => {}
  readonly #monitor: Monitor
  readonly #waiting = new Map<number, Waiting>()
  readonly #decoder = new TextDecoder()
  #greeted: Waiting | undefined
  #text = ''
  #count = 0
  #lost: Error | undefined

  constructor(monitor: Monitor) {
    const { stream } = monitor
    this.#monitor = monitor
    stream.on('data', (bytes: Uint8Array) => this.#take(bytes))
    stream.on('error', (error) => this.lose(new QmpLost(`the connection broke: ${error.message}`)))
    stream.on('close', () => this.lose(new QmpLost('QEMU closed the connection')))
    stream.on('end', () => this.lose(new QmpLost('QEMU closed the connection')))
  }

  greeting(within: number): Promise<Json> {
    const late = 'QEMU did not greet: is this a QMP socket, and is nobody else connected to it?'
    return this.#answered('the greeting', within, late, (waiting) => {
      this.#greeted = waiting
    }) as Promise<Json>
  }

  execute(command: string, args: Json, within: number): Promise<unknown> {
    const id = ++this.#count
    return this.#answered(command, within, `QEMU did not answer ${command}`, (waiting) => {
      this.#waiting.set(id, waiting)
      this.#monitor.stream.write(lineOf(command, args, id))
    })
  }

  executeAfter(milliseconds: number, command: string): () => void {
    const id = ++this.#count
    // Nobody waits for its answer, which may come at any time.
    this.#waiting.set(id, { command, answer: () => {}, fail: () => {} })
    return this.#monitor.after(milliseconds, lineOf(command, {}, id))
  }

  /** Nothing more is heard, and everybody who waits is told why. */
  lose(error: Error): void {
    if (this.#lost !== undefined) return
    this.#lost = error
    this.#greeted?.fail(error)
    for (const waiting of this.#waiting.values()) waiting.fail(error)
    this.#waiting.clear()
    this.#monitor.stream.destroy()
  }

  #answered(command: string, within: number, late: string, ask: (waiting: Waiting) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) {
        reject(this.#lost)
        return
      }
      // What is late may still come: nobody knows any more what an answer is an answer to.
      const timer = setTimeout(() => this.lose(new QmpLost(`${late} in ${within / 1000} s`)), within)
      const done = <T>(settle: (value: T) => void) => {
        return (value: T) => {
          clearTimeout(timer)
          settle(value)
        }
      }
      ask({ command, answer: done(resolve), fail: done(reject) })
    })
  }

  #take(bytes: Uint8Array): void {
    if (this.#lost !== undefined) return
    // What came before has no end of a line in it.
    const before = this.#text.length
    this.#text += this.#decoder.decode(bytes, { stream: true })
    for (let end = this.#text.indexOf('\n', before); end >= 0; end = this.#text.indexOf('\n')) {
      const line = this.#text.slice(0, end)
      this.#text = this.#text.slice(end + 1)
      if (line.trim() !== '') this.#message(line)
      if (this.#lost !== undefined) return
    }
    if (this.#text.length > LONGEST_LINE) this.lose(new QmpLost(`a line of more than ${LONGEST_LINE} characters is no QMP`))
  }

  #message(line: string): void {
    const message = parsed(line)
    if (message === undefined) {
      this.lose(new QmpLost(`what was heard is no QMP: ${line.slice(0, 60)}`))
    } else if (this.#greeted !== undefined) {
      if (isObject(message['QMP'])) this.#greeted.answer(message['QMP'])
      else this.lose(new QmpLost(`what was heard is no greeting of QMP: ${line.slice(0, 60)}`))
      this.#greeted = undefined
    } else if (typeof message['event'] === 'string') this.hear({ event: message['event'], at: timeOf(message['timestamp']) })
    else this.#answer(message, line)
  }

  #answer(message: Json, line: string): void {
    const { id, error } = message
    const waiting = typeof id === 'number' ? this.#waiting.get(id) : undefined
    if (waiting === undefined || !('return' in message || isObject(error))) {
      this.lose(new QmpLost(`an answer to nothing that was asked: ${line.slice(0, 60)}`))
      return
    }
    this.#waiting.delete(id as number)
    if (isObject(error)) waiting.fail(new QmpRefusal(waiting.command, String(error['class']), String(error['desc'])))
    else waiting.answer(message['return'])
  }
}

const lineOf = (execute: string, args: Json, id: number): string => `${JSON.stringify({ execute, arguments: args, id })}\n`

function parsed(line: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** What is no array and not null. */
export const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function timeOf(timestamp: unknown): number {
  if (!isObject(timestamp)) return Number.NaN
  return Number(timestamp['seconds']) * 1000 + Number(timestamp['microseconds']) / 1000
}

function versionOf({ version }: Json): string {
  const qemu = isObject(version) && isObject(version['qemu']) ? version['qemu'] : {}
  return ['major', 'minor', 'micro'].map((part) => Number(qemu[part])).join('.')
}
