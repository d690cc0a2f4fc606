import { CTE, ENTRY_BYTES, tableShape } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { type EntryView, entryAt } from './entries.ts'
import { deviceName } from './names.ts'
import type { Scene } from './scene.ts'

/** The words in guest RAM of what the tables of one ITS hold; undefined of what they do not. */
export class TableEntries {
  readonly #scene: Scene
  readonly #collections = new Map<number, EntryView>()

  constructor(scene: Scene) {
    this.#scene = scene
    const { valid, base, bytes } = tableShape(scene.saved.baser[1] ?? 0n)
    // As KVM reads it: up to the first that is not valid.
    for (let at = base; valid && at < base + bytes; at += ENTRY_BYTES) {
      const entry = entryAt(scene.memory, 'CTE', at as Gpa, '', '')
      if (entry === undefined || !CTE.fields.valid.get(entry.lo, entry.hi)) break
      const icid = CTE.fields.icid.get(entry.lo, entry.hi)
      if (!this.#collections.has(icid)) this.#collections.set(icid, { ...entry, id: `collection ${icid}` })
    }
  }

  collection(icid: number): EntryView | undefined {
    return this.#collections.get(icid)
  }

  device(deviceId: number): EntryView | undefined {
    const device = this.#scene.tables.mappings.device(deviceId)
    return device && entryAt(this.#scene.memory, 'DTE', device.at, deviceName(deviceId), '')
  }

  event(deviceId: number, eventId: number): EntryView | undefined {
    const { mappings } = this.#scene.tables
    if (mappings.row(deviceId, eventId) < 0) return undefined
    const at = mappings.device(deviceId)!.ittAddr + eventId * ENTRY_BYTES
    return entryAt(this.#scene.memory, 'ITE', at as Gpa, `event ${eventId}`, '')
  }
}
