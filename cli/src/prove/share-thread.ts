import type { Parcel, ScopeName, ShareFound } from '@vits/core/scope'
import { startThread } from '../node/start-thread.ts'
import type { RemoteShare } from './shared.ts'

/** What a thread with a share is asked, one thing after another. */
export type Asked =
  | { readonly ask: 'expand'; readonly depth: number; readonly goesOn: boolean }
  | { readonly ask: 'receive'; readonly depth: number; readonly parcels: readonly Parcel[] }
  | { readonly ask: 'found' }

/** A share in a thread of its own. What goes wrong there goes wrong with the answer that is waited for. */
export function shareThread(scope: ScopeName, index: number, of: number): RemoteShare {
  const worker = startThread({ thread: 'share', scope, index, of })
  const ask = <T>(asked: Asked, moved: readonly ArrayBuffer[] = []): Promise<T> =>
    new Promise((resolve, reject) => {
      worker.removeAllListeners()
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', () => reject(new Error('a thread of the exploration ended')))
      worker.postMessage(asked, moved)
    })
  return {
    expand: (depth, goesOn) => ask<readonly Parcel[]>({ ask: 'expand', depth, goesOn }),
    receive: (depth, parcels) => ask<number>({ ask: 'receive', depth, parcels }, parcels.flatMap(buffersOf)),
    found: () => ask<ShareFound>({ ask: 'found' }),
    close: () => {
      worker.removeAllListeners()
      void worker.terminate()
    },
  }
}

/** Moved to the other thread, not copied. */
export const buffersOf = ({ states, images }: Parcel): ArrayBuffer[] => [
  states.buffer as ArrayBuffer,
  images.buffer as ArrayBuffer,
]
