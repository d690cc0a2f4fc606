import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** A connection to QEMU's monitor. */
export interface Monitor {
  readonly stream: Duplex
  /** Writes a text when so many milliseconds are over, whatever this thread does then; what is returned takes that back. */
  after(milliseconds: number, text: string): () => void
}

/** Milliseconds. */
const CONNECT_WITHIN = 5_000

/** Connects at a Unix socket, or at `host:port`; what is to be written later waits for this thread. */
export async function monitorHere(address: string): Promise<Monitor> {
  const stream = await socketAt(address)
  return {
    stream,
    after: (milliseconds, text) => {
      const timer = setTimeout(() => stream.write(text), milliseconds)
      return () => clearTimeout(timer)
    },
  }
}

function socketAt(address: string): Promise<Socket> {
  const [, host, port] = address.includes('/') ? [] : (/^(.+):(\d{1,5})$/.exec(address) ?? [])
  const socket = host === undefined ? connect(address) : connect(Number(port), host.replace(/^\[(.*)\]$/, '$1'))
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => socket.destroy(new Error('nobody answered')), CONNECT_WITHIN)
    socket.once('error', (error) => {
      clearTimeout(late)
      reject(error)
    })
    socket.once('connect', () => {
      clearTimeout(late)
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}
