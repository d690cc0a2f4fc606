import { connect, type Socket } from 'node:net'

/** Characters kept of what nobody waited for. */
const KEPT = 1 << 22

/** What was waited for did not come in time, or the machine behind the port is gone. */
export class PortError extends Error {
  override readonly name = 'PortError'
}

/** What was waited for, and what came before it. */
export interface Taken {
  readonly before: string
  readonly match: RegExpExecArray
}

/** The host's end of a virtio port of a machine: bytes both ways, and text that is waited for. */
export class Port {
  readonly #socket: Socket
  #text = ''
  #gone: string | undefined
  #wake: () => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      this.#text = (this.#text + text).slice(-KEPT)
      this.#wake()
    })
    socket.on('error', (error) => this.#end(error.message))
    socket.on('close', () => this.#end('the port was closed'))
  }

  /** Connects to the Unix socket that QEMU made of a port. */
  static open(path: string): Promise<Port> {
    return new Promise((resolve, reject) => {
      const socket = connect(path)
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        resolve(new Port(socket))
      })
    })
  }

  send(data: string | Uint8Array): void {
    this.#socket.write(data)
  }

  /**
   * Takes text up to and including the first match.
   *
   * @throws PortError after `seconds`, with the last of what came instead.
   */
  async until(pattern: RegExp, seconds: number, what = String(pattern)): Promise<Taken> {
    const end = performance.now() + seconds * 1000
    for (;;) {
      const match = pattern.exec(this.#text)
      if (match !== null) {
        const before = this.#text.slice(0, match.index)
        this.#text = this.#text.slice(match.index + match[0].length)
        return { before, match }
      }
      if (this.#gone !== undefined) throw new PortError(this.#gone)
      const left = end - performance.now()
      if (left <= 0) throw new PortError(`no ${what} in ${seconds} s, but ${JSON.stringify(this.#text.slice(-400))}`)
      await this.#changed(left)
    }
  }

  /** Everything that has come and was not taken, thrown away. */
  drain(): void {
    this.#text = ''
  }

  /** Takes exactly so many bytes. */
  async bytes(count: number, seconds: number): Promise<Buffer> {
    const end = performance.now() + seconds * 1000
    const pieces: string[] = []
    let have = 0
    for (;;) {
      const piece = this.#text.slice(0, count - have)
      this.#text = this.#text.slice(piece.length)
      pieces.push(piece)
      have += piece.length
      if (have === count) return Buffer.from(pieces.join(''), 'latin1')
      if (this.#gone !== undefined) throw new PortError(this.#gone)
      const left = end - performance.now()
      if (left <= 0) throw new PortError(`${have} of ${count} bytes in ${seconds} s`)
      await this.#changed(left)
    }
  }

  close(): void {
    this.#socket.destroy()
  }

  #changed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #end(reason: string): void {
    this.#gone ??= reason
    this.#wake()
  }
}
