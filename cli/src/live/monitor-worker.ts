import { parentPort } from 'node:worker_threads'
import { monitorHere } from './monitor.ts'
import type { Heard, Told } from './monitor-thread.ts'

/** Connects, and is told from outside what to write and when; what comes is said there. */
export async function monitorWorker(address: string): Promise<void> {
  const port = parentPort!
  const say = (heard: Heard) => port.postMessage(heard)
  const failed = (error: NodeJS.ErrnoException) => say({ hear: 'failed', message: error.message, code: error.code })
  try {
    const { stream, after } = await monitorHere(address)
    let takeBack = () => {}
    stream.on('data', (bytes: Uint8Array) => say({ hear: 'bytes', bytes }))
    stream.on('error', failed)
    stream.on('close', () => say({ hear: 'closed' }))
    port.on('message', (told: Told) => {
      if (told.tell === 'write') stream.write(told.bytes)
      else {
        takeBack()
        takeBack = told.tell === 'after' ? after(told.milliseconds, told.text) : () => {}
      }
    })
    say({ hear: 'connected' })
  } catch (error) {
    failed(error as NodeJS.ErrnoException)
  }
}
