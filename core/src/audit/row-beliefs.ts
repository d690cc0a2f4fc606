import type { Belief } from './beliefs.ts'
import type { Scene } from './scene.ts'

/** What all witnesses together say of each event of the tables, row by row: most of an audit asks for that, and of all of them. */
export const rowBeliefs = (scene: Scene): readonly Belief[] => scene.once(eachRow)

function eachRow({ beliefs, tables: { mappings } }: Scene): readonly Belief[] {
  const { devices, events } = mappings
  const all: Belief[] = []
  for (const { deviceId, first, count } of devices) {
    for (let row = first; row < first + count; row++) all.push(beliefs.eventBelief(deviceId, events.eventId[row]!))
  }
  return all
}
