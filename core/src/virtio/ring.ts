import type { GpaRange, ReadonlyMemory } from '../memory/index.ts'
import { VIRTIO_STATUS_DRIVER_OK, type VirtioDevice, type Virtqueue } from './device.ts'
import { packedWords, readPacked } from './packed-ring.ts'
import type { RingState, Unjudged } from './ring-state.ts'
import { readSplit, splitWords } from './split-ring.ts'

/** What the ring of a queue tells of notifications: the words of `ringWords` must be loaded. */
export function readRing(memory: ReadonlyMemory, device: VirtioDevice, queue: Virtqueue): RingState | Unjudged {
  const { place, packed, size } = queue
  if ((device.status & VIRTIO_STATUS_DRIVER_OK) === 0 || size === 0) return { unjudged: 'unset' }
  if (place.kind !== 'ram') return { unjudged: place.kind }
  return packed === undefined ? readSplit(memory, device, queue, place) : readPacked(memory, queue, place, packed)
}

/** The words of guest RAM that tell of notifications, of every queue that is set up in RAM. */
export function ringWords(devices: readonly VirtioDevice[]): GpaRange[] {
  return devices.flatMap(({ queues }) =>
    queues.flatMap(({ place, packed, size }) => {
      if (place.kind !== 'ram') return []
      return packed === undefined ? splitWords(place, size) : packedWords(place, packed)
    }),
  )
}
