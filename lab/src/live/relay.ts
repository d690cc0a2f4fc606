import { writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import type { NestedHost } from '../guests/nested-host.ts'
import type { Port } from '../guests/port.ts'

/** A guest's QEMU writes there in place of a file: what it writes comes out here. */
const FILES = '/dev/files'
const ANSWER_SECONDS = 120
/** Waits for an end that no command has, so that a relay can stop listening. */
const LAST = 'relay-ends'

interface Message {
  readonly id?: unknown
  readonly execute?: string
  readonly arguments?: Readonly<Record<string, unknown>>
  readonly return?: unknown
  readonly event?: string
}

/**
 * The QMP monitor of a nested QEMU as a Unix socket here, for one client at a time: lines go to and fro as they are, and each file that
 * QEMU is told to write is written here by the time its answer comes. QEMU has greeted already; the relay greets in its place.
 */
export class QmpRelay {
  readonly #host: NestedHost
  readonly #port: Port
  readonly #server: Server
  readonly #greeting: string
  /** Commands that came and were not answered yet, by the number that they have in QEMU. */
  readonly #asked = new Map<string, Message>()
  #count = 0
  /** Ends when nobody is served. */
  #serving: Promise<void> = Promise.resolve()

  private constructor(host: NestedHost, version: unknown) {
    this.#host = host
    this.#port = host.port('qmp')
    this.#greeting = JSON.stringify({ QMP: { version, capabilities: [] } })
    this.#server = createServer((socket) => {
      this.#serving = this.#serving.then(() => this.#serve(socket)).catch(() => void socket.destroy())
    })
  }

  /** @param version what `query-version` answers */
  static async listen(host: NestedHost, path: string, version: unknown): Promise<QmpRelay> {
    const relay = new QmpRelay(host, version)
    await new Promise<void>((resolve) => relay.#server.listen(path, resolve))
    return relay
  }

  /** Ends when the client has gone: the monitor is the host's again. */
  async close(): Promise<void> {
    this.#server.close()
    await this.#serving
  }

  async #serve(client: Socket): Promise<void> {
    client.setEncoding('utf8')
    client.on('error', () => {})
    client.on('close', () => this.#port.send(`${JSON.stringify({ execute: 'query-name', id: LAST })}\n`))
    this.#asked.clear()
    client.write(`${this.#greeting}\r\n`)
    let heard = ''
    client.on('data', (text) => {
      const lines = `${heard}${text}`.split('\n')
      heard = lines.pop()!
      for (const line of lines) this.#forward(JSON.parse(line) as Message, client)
    })
    for (;;) {
      const { match } = await this.#port.until(/(\{.*\})\r?\n/, ANSWER_SECONDS, 'line of QEMU')
      const message = JSON.parse(match[1]!) as Message
      if (message.id === LAST) return
      await this.#answer(message, client)
    }
  }

  #forward(message: Message, client: Socket): void {
    if (message.execute === 'qmp_capabilities') {
      client.write(`${JSON.stringify({ return: {}, id: message.id })}\r\n`)
      return
    }
    const id = `relayed-${++this.#count}`
    this.#asked.set(id, message)
    const { filename, ...rest } = message.arguments ?? {}
    const told = filename === undefined ? rest : { ...rest, filename: FILES }
    this.#port.send(`${JSON.stringify({ ...message, arguments: told, id })}\n`)
  }

  async #answer(message: Message, client: Socket): Promise<void> {
    const asked = this.#asked.get(String(message.id))
    if (asked === undefined) {
      if (message.event !== undefined) client.write(`${JSON.stringify(message)}\r\n`)
      return
    }
    this.#asked.delete(String(message.id))
    const { filename } = asked.arguments ?? {}
    if (typeof filename === 'string' && message.return !== undefined) writeFileSync(filename, await this.#written(asked))
    client.write(`${JSON.stringify({ ...message, id: asked.id })}\r\n`)
  }

  /** What QEMU wrote, whose end is told by its length, or by a mark behind it. */
  async #written({ arguments: { size } = {} }: Message): Promise<Buffer> {
    const files = this.#host.port('files')
    if (typeof size === 'number') return files.bytes(size, ANSWER_SECONDS)
    const mark = `<written ${this.#count}>`
    await this.#host.shell.must(`printf '${mark}' >${FILES}`)
    const { before } = await files.until(new RegExp(mark), ANSWER_SECONDS)
    return Buffer.from(before, 'latin1')
  }
}
