import { hex } from '@vits/core/abi'
import type { DeviceNames } from '@vits/core/audit'
import type { Style } from '../style.ts'
import { fold } from './layout.ts'

const MOST_NAMED = 4

interface Listed {
  readonly heading: string
  /** How many there are, where not all are listed. */
  readonly all?: number
  readonly style: Pick<Style, 'width'>
}

/**
 * `  device  virtio-blk 52:00.0 (0x5200)`: devices as people know them; nothing where the file does not tell.
 */
export function deviceLines(names: DeviceNames, deviceIds: Iterable<number>, { heading, all = 0, style }: Listed): string[] {
  const known = [...new Set(deviceIds)].filter((deviceId) => names.label(deviceId) !== '')
  if (known.length === 0) return []
  const named = known.slice(0, MOST_NAMED).map((deviceId) => `${names.label(deviceId)} (${hex(deviceId)})`)
  const unnamed = Math.max(all, known.length) - named.length
  const line = `${named.join(', ')}${unnamed > 0 ? ` and ${unnamed} more` : ''}`
  return fold(`  ${heading.padEnd(8)}${line}`, style.width)
}

/** ` (virtio-blk 52:00.0)`, to stand behind a DeviceID. */
export function inBrackets(names: DeviceNames, deviceId: number): string {
  const label = names.label(deviceId)
  return label === '' ? '' : ` (${label})`
}

const MOST_ROLES = 3

/** `  request queue 0`, behind an event: what it tells its driver of; empty where the file does not tell. */
export function roleWords(names: DeviceNames, deviceId: number, eventId: number): string {
  const roles = names.roles(deviceId, eventId)
  if (roles.length === 0) return ''
  const more = roles.length > MOST_ROLES ? ` and ${roles.length - MOST_ROLES} more` : ''
  return `  ${roles.slice(0, MOST_ROLES).join(', ')}${more}`
}

/** `  queue   request queue 0 (event 1)`: what the events of findings tell their drivers of. */
export function queueLines(
  names: DeviceNames,
  events: Iterable<readonly [deviceId: number, eventId: number]>,
  style: Pick<Style, 'width'>,
): string[] {
  const words = [...events].flatMap(([deviceId, eventId]) => {
    const role = roleWords(names, deviceId, eventId).trim()
    return role === '' ? [] : [`${role} (event ${eventId})`]
  })
  if (words.length === 0) return []
  const more = words.length > MOST_NAMED ? ` and ${words.length - MOST_NAMED} more` : ''
  return fold(`  ${'queue'.padEnd(8)}${words.slice(0, MOST_NAMED).join(', ')}${more}`, style.width)
}
