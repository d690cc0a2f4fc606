import { hex } from '@vits/core/abi'
import type { DeviceNames } from '@vits/core/audit'
import { wrap } from './words.ts'

const MOST_NAMED = 4

/**
 * `  device  virtio-blk 52:00.0 (0x5200)`: devices as people know them; nothing where the file does not tell.
 *
 * @param all how many there are, where not all are listed
 */
export function deviceLines(names: DeviceNames, deviceIds: Iterable<number>, heading: string, all = 0): string[] {
  const known = [...new Set(deviceIds)].filter((deviceId) => names.label(deviceId) !== '')
  if (known.length === 0) return []
  const named = known.slice(0, MOST_NAMED).map((deviceId) => `${names.label(deviceId)} (${hex(deviceId)})`)
  const unnamed = Math.max(all, known.length) - named.length
  const line = `${named.join(', ')}${unnamed > 0 ? ` and ${unnamed} more` : ''}`
  return wrap(line, heading)
    .split('\n')
    .map((text) => `  ${text}`)
}

/** ` (virtio-blk 52:00.0)`, to stand behind a DeviceID. */
export function inBrackets(names: DeviceNames, deviceId: number): string {
  const label = names.label(deviceId)
  return label === '' ? '' : ` (${label})`
}
