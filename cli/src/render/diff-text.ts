import { hex } from '@vits/core/abi'
import type { Change, RestoreStop, Viewpoint } from '@vits/core/audit'
import type { DiffDocument } from '@vits/core/documents'
import { printable } from '../printable.ts'
import type { Style } from '../style.ts'
import { displayWidth, padded } from './display-width.ts'
import { fit, rows } from './layout.ts'
import { count } from './words.ts'

/** How two saves differ, and which of their restores fail. */
export interface Differences extends Pick<DiffDocument, 'views' | 'orphaned' | 'registers' | 'devices'> {
  /** By the file's name. */
  readonly stops: readonly (readonly [file: string, stop: RestoreStop])[]
}

/** ` (virtio-blk 52:00.0)`: what stands behind a DeviceID. */
type NameOf = (deviceId: number) => string

/** A change on a line of its own; the events of a device that came or went are counted on its line. */
interface ChangeRow {
  readonly change: Change
  readonly events: number | undefined
}

/** What the views have in common is told once; then what became an orphan, and registers. */
export function differenceText({ views, orphaned, registers, devices, stops }: Differences, style: Style): string {
  const nameOf = nameIn(devices)
  const within = orphaned.events.filter(([deviceId]) => !orphaned.devices.includes(deviceId))
  const orphans = [
    ...orphaned.devices.map((deviceId) => `    device ${hex(deviceId)}${nameOf(deviceId)}`),
    ...within.map(([deviceId, eventId]) => `    device ${hex(deviceId)}${nameOf(deviceId)} event ${eventId}`),
  ]
  const failing = stops.map(
    ([file, { errno, place, says }]) => `The restore of ${printable(file)} fails: ${errno} at ${place}: ${says}.`,
  )
  const comparable = Object.entries(views).filter(([view]) => view !== 'restored' || stops.length === 0)
  const sections = [
    ...groupsOf(comparable as [Viewpoint, readonly Change[]][]).map(([names, changed]) => [
      `${style.bold(listed(names))}: ${changed.length === 0 ? 'no difference' : count(changed.length, 'change')}`,
      ...rowLines(changed, nameOf, style),
    ]),
    ...(failing.length > 0 ? [[...failing, 'What a restore brings back is not compared.']] : []),
    ...(orphans.length > 0 ? [[style.bold('became orphans: unmapped by the guest, still valid in RAM'), ...orphans]] : []),
    ...(registers.length > 0
      ? [[style.bold('registers'), ...registers.map((r) => `    ${r.name.padEnd(12)}  ${r.from} -> ${r.to}`)]]
      : []),
  ]
  return fit(sections.map((lines) => `${lines.join('\n')}\n`).join('\n'), style)
}

const titles: Readonly<Record<Viewpoint, string>> = {
  guest: 'what the guest has mapped',
  tables: 'what is valid in RAM',
  restored: 'what a restore brings back',
}

/** `what the guest has mapped, what is valid in RAM and what a restore brings back`. */
function listed(views: readonly Viewpoint[]): string {
  const [last = '', ...others] = views.map((view) => titles[view]).reverse()
  return others.length === 0 ? last : `${others.reverse().join(', ')} and ${last}`
}

/** Changes by the views that have them, those of most views first; with no change those that have none. */
function groupsOf(
  views: readonly (readonly [Viewpoint, readonly Change[]])[],
): (readonly [readonly Viewpoint[], readonly ChangeRow[]])[] {
  const found = new Map<string, { row: ChangeRow; views: Viewpoint[] }>()
  for (const [view, changes] of views) {
    for (const row of rowsOf(changes)) {
      const key = keyOf(row)
      const known = found.get(key)
      if (known === undefined) found.set(key, { row, views: [view] })
      else known.views.push(view)
    }
  }
  const groups = new Map<string, [Viewpoint[], ChangeRow[]]>()
  for (const { row, views: having } of found.values()) {
    const group = groups.get(having.join()) ?? [having, []]
    group[1].push(row)
    groups.set(having.join(), group)
  }
  const same = views.filter(([, changes]) => changes.length === 0).map(([view]) => view)
  const ordered = [...groups.values()].sort(([a], [b]) => b.length - a.length)
  return same.length === 0 ? ordered : [...ordered, [same, []]]
}

const keyOf = ({ change: { what, icid, deviceId, eventId, from, to }, events }: ChangeRow): string =>
  [what, icid, deviceId, eventId, from, to, events].join()

function rowsOf(changes: readonly Change[]): ChangeRow[] {
  const whole = new Map<number, number>()
  for (const { what, deviceId, eventId } of changes) {
    if (deviceId !== undefined && eventId === undefined && (what === 'mapped' || what === 'unmapped')) whole.set(deviceId, 0)
    else if (deviceId !== undefined && whole.has(deviceId)) whole.set(deviceId, whole.get(deviceId)! + 1)
  }
  return changes
    .filter(({ deviceId, eventId }) => eventId === undefined || !whole.has(deviceId!))
    .map((change) => ({ change, events: change.deviceId === undefined ? undefined : whole.get(change.deviceId) }))
}

/** The columns before what it was and what it is: what changed, and how. */
const BEFORE_VALUES = 2

function rowLines(changed: readonly ChangeRow[], nameOf: NameOf, style: Style): string[] {
  const named = new Set<number>()
  const lines = changed.map(({ change, events }) => [
    changeName(change, named, nameOf),
    `${changeWords(change)}${events === undefined ? '' : `, ${count(events, 'event')}`}`,
  ])
  const width = Math.max(0, ...lines.map(([name]) => displayWidth(name!)))
  return rows(
    lines.map(([name, words]) => `    ${padded(name!, width)}  ${words}`),
    BEFORE_VALUES,
    style,
  )
}

/** `device 0x8 (pcie-root-port 00:01.0) event 0`; only the first line about a device says what people call it. */
function changeName({ icid, deviceId, eventId }: Change, named: Set<number>, nameOf: NameOf): string {
  if (deviceId === undefined) return `collection ${icid}`
  const name = named.has(deviceId) ? '' : nameOf(deviceId)
  named.add(deviceId)
  return `device ${hex(deviceId)}${name}${eventId === undefined ? '' : ` event ${eventId}`}`
}

/** `unmapped  LPI 8192, collection 0`. */
const changeWords = ({ what, from, to }: Change): string =>
  `${what.padEnd(8)}  ${[from, to].filter((part) => part !== undefined).join(' -> ')}`

function nameIn(devices: DiffDocument['devices']): NameOf {
  const labels = new Map(devices.map(({ deviceId, label }) => [deviceId, label]))
  return (deviceId) => (labels.has(deviceId) ? ` (${labels.get(deviceId)})` : '')
}
