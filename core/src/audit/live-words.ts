import { ENTRY_BYTES } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { rowBeliefs } from './row-beliefs.ts'
import type { Scene } from './scene.ts'

/**
 * Where the entries of live events lie, each with its DeviceID. When the ITT of a stale device is another's by now, what is
 * wrong is the device: such a word is never cleared for its sake.
 */
export const liveWords = (scene: Scene): ReadonlyMap<Gpa, number> => scene.once(find)

function find(scene: Scene): ReadonlyMap<Gpa, number> {
  const { mappings } = scene.tables
  const beliefs = rowBeliefs(scene)
  const words = new Map<Gpa, number>()
  for (const { deviceId, ittAddr, first, count } of mappings.devices) {
    for (let row = first; row < first + count; row++) {
      if (beliefs[row] === 'live') words.set((ittAddr + mappings.events.eventId[row]! * ENTRY_BYTES) as Gpa, deviceId)
    }
  }
  return words
}
