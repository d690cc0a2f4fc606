import { connect as connectSocket, type Socket } from 'node:net'
import { Qmp } from './qmp.ts'

/** Milliseconds. */
const CONNECT_WITHIN = 5_000

/** Connects to QEMU's monitor at a Unix socket, or at `host:port`. */
export async function connect(address: string): Promise<Qmp> {
  return Qmp.open(await socketAt(address))
}

function socketAt(address: string): Promise<Socket> {
  const [, host, port] = address.includes('/') ? [] : (/^(.+):(\d{1,5})$/.exec(address) ?? [])
  const socket = host === undefined ? connectSocket(address) : connectSocket(Number(port), host.replace(/^\[(.*)\]$/, '$1'))
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
