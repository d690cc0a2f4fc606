import { Duplex } from 'node:stream'
import { startThread } from '../node/start-thread.ts'
import type { Monitor } from './monitor.ts'

/** What a thread with a monitor is told. */
export type Told =
  | { readonly tell: 'write'; readonly bytes: Uint8Array }
  | { readonly tell: 'after'; readonly milliseconds: number; readonly text: string }
  | { readonly tell: 'never' }

/** What it says. */
export type Heard =
  | { readonly hear: 'connected' }
  | { readonly hear: 'bytes'; readonly bytes: Uint8Array }
  | { readonly hear: 'failed'; readonly message: string; readonly code: string | undefined }
  | { readonly hear: 'closed' }

/** A connection in a thread of its own: a VM that stands still goes on in time, however long what was read of it is computed on. */
export function monitorThread(address: string): Promise<Monitor> {
  const worker = startThread({ thread: 'monitor', address })
  const tell = (told: Told) => worker.postMessage(told)
  const stream = new Duplex({
    read: () => {},
    write: (bytes: Uint8Array, _encoding, done) => {
      tell({ tell: 'write', bytes })
      done()
    },
    destroy: (error, done) => {
      void worker.terminate().then(() => done(error))
    },
  })
  const monitor: Monitor = {
    stream,
    after: (milliseconds, text) => {
      tell({ tell: 'after', milliseconds, text })
      return () => tell({ tell: 'never' })
    },
  }
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      reject(error)
      stream.destroy(error)
    }
    // Before the connection is there nobody listens to the stream's errors.
    stream.on('error', () => {})
    worker.on('error', fail)
    worker.on('message', (heard: Heard) => {
      if (heard.hear === 'connected') resolve(monitor)
      else if (heard.hear === 'bytes') stream.push(heard.bytes)
      else if (heard.hear === 'closed') stream.destroy()
      else fail(Object.assign(new Error(heard.message), heard.code === undefined ? {} : { code: heard.code }))
    })
  })
}
