import type { Port } from './port.ts'

/** A command that QEMU refused. */
export class QmpError extends Error {
  override readonly name = 'QmpError'
}

type Message = {
  readonly id?: number
  readonly return?: unknown
  readonly error?: { readonly desc: string }
  readonly event?: string
}

/** QEMU's machine protocol over a port: commands and their answers; events are left aside. */
export class Qmp {
  readonly #port: Port
  #count = 0

  private constructor(port: Port) {
    this.#port = port
  }

  /** Waits for QEMU's greeting, and answers it. */
  static async open(port: Port, seconds = 60): Promise<Qmp> {
    await port.until(/\{"QMP": [^\n]*\n/, seconds)
    const qmp = new Qmp(port)
    await qmp.execute('qmp_capabilities')
    return qmp
  }

  /** Runs a command and returns its answer. @throws QmpError with QEMU's own words. */
  async execute<T = unknown>(command: string, args: Readonly<Record<string, unknown>> = {}, seconds = 60): Promise<T> {
    const id = ++this.#count
    this.#port.send(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
    for (;;) {
      const { match } = await this.#port.until(/(\{.*\})\r?\n/, seconds, `answer to ${command}`)
      const message = JSON.parse(match[1]!) as Message
      if (message.id !== id) continue
      if (message.error !== undefined) throw new QmpError(`${command}: ${message.error.desc}`)
      return message.return as T
    }
  }
}
