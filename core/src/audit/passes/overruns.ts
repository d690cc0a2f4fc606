import { DTE, ENTRY_BYTES, hex, L2_ENTRIES } from '../../abi/index.ts'
import { clearing } from '../effect.ts'
import { entryAt } from '../entries.ts'
import { type Suspect, suspect } from '../finding.ts'
import { deviceName } from '../names.ts'
import type { Scene } from '../scene.ts'
import type { Orphans } from './orphans.ts'

/** Jumps that end behind their table page, for a kernel that then reads on there. */
export function* overrunPass(scene: Scene, orphans: Orphans): Generator<Suspect> {
  if (!scene.profile.quirks['scan-overrun']) return
  const { indirect, bytes } = scene.view.deviceTable
  const block = indirect ? L2_ENTRIES : bytes / ENTRY_BYTES
  for (const { deviceId, at, next } of scene.tables.mappings.devices) {
    const left = block - (deviceId % block)
    if (next <= left || orphans.hasDevice(deviceId)) continue
    const word = clearing(scene.memory, at)
    const { lo, hi } = DTE.encode({ ...DTE.decode(...word.from), next: left })
    const removal = [{ ...word, to: [lo, hi] as const }]
    yield suspect(
      'D213',
      { deviceId, next, left },
      {
        deviceId,
        at,
        rows: [entryAt(scene.memory, 'DTE', at, deviceName(deviceId), 'jumps past its page')],
        removal,
        fix: { says: `write next=${left} at ${hex(at)}`, safe: true, writes: removal },
      },
    )
  }
}
