import { clearing } from '../effect.ts'
import { entryAt } from '../entries.ts'
import { type Confidence, cleared, declared, type Suspect, suspect } from '../finding.ts'
import type { Head } from '../head.ts'
import { headsOf } from '../heads.ts'
import { deviceName } from '../names.ts'
import type { Scene } from '../scene.ts'

/** Heads that name another entry than the first live one. One that is true is no problem. */
export function* headPass(scene: Scene): Generator<Suspect> {
  for (const head of headsOf(scene)) if (head.isStale) yield staleHead(scene, head)
}

function staleHead(scene: Scene, head: Head): Suspect {
  const { memory, profile } = scene
  const { kind, at, deviceId } = head
  // To a kernel that follows no heads, each is an entry that is not valid: with it and without it the walk is the same.
  const unread = profile.quirks['proposed-head'] ? {} : { effect: declared('latent') }
  const id = kind === 'DTE' ? `head at ${deviceName(deviceId)}` : `head in the ITT of ${deviceName(deviceId)}`
  const rows = [entryAt(memory, `head ${kind}`, at, id, 'stale head')]
  const more = { at, confidence: confidence(scene, head), rows, ...cleared([clearing(memory, at)], true), ...unread }
  return kind === 'DTE' ? suspect('D216', head, more) : suspect('I311', head, { deviceId, ...more })
}

/** Proven where it names what is not valid, or the first is known to be live. An ITT that no witness knows may be the guest's memory again. */
function confidence({ beliefs, tables: { mappings } }: Scene, { kind, deviceId, names, first }: Head): Confidence {
  const isDevice = kind === 'DTE'
  if (!isDevice && beliefs.device(deviceId).belief !== 'live') return 'inferred'
  const isThere = (id: number) => (isDevice ? mappings.device(id) !== undefined : mappings.row(deviceId, id) >= 0)
  if (names !== undefined && !isThere(names)) return 'proven'
  if (first === undefined) return 'inferred'
  const belief = isDevice ? beliefs.device(first).belief : beliefs.eventBelief(deviceId, first)
  return belief === 'live' ? 'proven' : 'inferred'
}
