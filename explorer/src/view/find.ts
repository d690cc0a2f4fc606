import { cellAt } from '../scene/index.ts'
import type { State } from './state.ts'

/** Where something was found. */
export interface Found {
  readonly device: number
  readonly event: number | undefined
}

/** Finds a device or an event by its DeviceID, PCI address, name, LPI, event or the address of its entry; those behind the place first. */
export function find({ shown, place }: State, words: string): Found | undefined {
  const text = words.trim().toLowerCase()
  if (shown === undefined || text === '') return undefined
  const { rows, events } = shown
  const number = /^(0x[0-9a-f]+|\d+)$/.test(text) ? Number(text) : undefined
  const start = Math.max(0, rows.findIndex(({ deviceId }) => deviceId === place.device) + 1)
  const turned = [...rows.slice(start), ...rows.slice(0, start)]
  if (number !== undefined) {
    const within = rows.find(({ itt }) => itt !== undefined && number >= itt.at && number < itt.at + itt.bytes)
    if (within?.itt !== undefined) return { device: within.deviceId, event: Math.floor((number - within.itt.at) / 8) }
    const device = rows.find(({ deviceId, at }) => deviceId === number || at === number)
    if (device !== undefined && (text.startsWith('0x') || number < 8192)) return { device: device.deviceId, event: undefined }
    const row = turned.find(({ first, count }) => events.lpi.subarray(first, first + count).includes(number))
    if (row !== undefined) {
      const i = row.first + events.lpi.subarray(row.first, row.first + row.count).indexOf(number)
      return { device: row.deviceId, event: cellAt(events, i).eventId }
    }
    if (device !== undefined) return { device: device.deviceId, event: undefined }
  }
  const [, deviceText = '', eventText = ''] = /^(0x[0-9a-f]+|\d+)\/(\d+)$/.exec(text) ?? []
  if (eventText !== '') {
    const device = rows.find(({ deviceId }) => deviceId === Number(deviceText))
    return device && { device: device.deviceId, event: Number(eventText) }
  }
  const row = turned.find(({ label, outcome, deviceId }) =>
    `${label} ${outcome} 0x${deviceId.toString(16)}`.toLowerCase().includes(text),
  )
  return row && { device: row.deviceId, event: undefined }
}
