import { parentPort } from 'node:worker_threads'
import { type ScopeName, Share, scopes } from '@vits/core/scope'
import { type Asked, buffersOf } from './share-thread.ts'

/** Has a share of a scope's states, and answers what is asked of it. */
export function shareWorker(name: ScopeName, index: number, of: number): void {
  const share = new Share(scopes[name], index, of)
  const port = parentPort!
  port.on('message', (asked: Asked) => {
    if (asked.ask === 'found') port.postMessage(share.found)
    else if (asked.ask === 'receive') port.postMessage(share.receive(asked.depth, asked.parcels))
    else {
      const parcels = share.expand(asked.depth, asked.goesOn)
      port.postMessage(parcels, parcels.flatMap(buffersOf))
    }
  })
}
