import { hex, type SavedIts } from '@vits/core/abi'
import { audit, type Change, type Report, type Scene, type Viewpoint, viewDifferences, viewFrom } from '@vits/core/audit'
import { type DiffDocument, namedDevices } from '@vits/core/documents'
import type { Inspection } from '@vits/core/inspect'
import { failing } from '../failure.ts'
import type { Io } from '../io.ts'
import { knownIts } from '../its-option.ts'
import { withSavedMachine } from '../load.ts'
import { lookedAt } from '../looked-at.ts'
import { jsonText } from '../printable.ts'
import { fit } from '../render/layout.ts'
import { count } from '../render/words.ts'
import type { diff } from '../usage/diff.ts'
import type { Run } from '../usage.ts'

/** What two saves have in common is not said; what became an orphan is live in the first and stale in the second. */
type Difference = Pick<DiffDocument, 'its' | 'views' | 'orphaned' | 'registers' | 'devices'>

/** Compares two saves of one VM. */
export const run: Run<typeof diff> = ([a = '', b = ''], { view, its, json }, io) => {
  const wanted = order.filter((name) => view === 'all' || view === name)
  return failing(a, io, () =>
    withSavedMachine(a, io, { judges: [] }, (before) =>
      failing(b, io, () =>
        withSavedMachine(b, io, { judges: [] }, (after) => {
          const [was, is] = [sceneOf(before.inspection, its), sceneOf(after.inspection, its)]
          const found = difference(was, is, wanted)
          const document: DiffDocument = { schema: 1, a, b, ...found }
          io.out(json ? jsonText(document) : fit(differenceText(found, nameIn(found.devices), io), io.style))
          return lookedAt(a, before.inspection, io) | lookedAt(b, after.inspection, io)
        }),
      ),
    ),
  )
}

const sceneOf = (inspection: Inspection, its: number): Scene => inspection.scenes[knownIts(its, inspection)]!

/** ` (virtio-blk 52:00.0)`: what stands behind a DeviceID. */
type NameOf = (deviceId: number) => string

/** By the later save, or the earlier one of what is in that alone. */
function namesOf({ names: before, its }: Scene, { names: after }: Scene): DiffDocument['devices'] {
  const gone = namedDevices(before, its.index).filter(({ deviceId }) => after.of(deviceId).functions.length === 0)
  return [...namedDevices(after, its.index), ...gone].sort((a, b) => a.deviceId - b.deviceId)
}

function nameIn(devices: DiffDocument['devices']): NameOf {
  const labels = new Map(devices.map(({ deviceId, label }) => [deviceId, label]))
  return (deviceId) => (labels.has(deviceId) ? ` (${labels.get(deviceId)})` : '')
}

function difference(a: Scene, b: Scene, wanted: readonly Viewpoint[]): Difference {
  const views = Object.fromEntries(wanted.map((view) => [view, viewDifferences(viewFrom(a, view), viewFrom(b, view))]))
  const orphaned = becameOrphans(audit(a), audit(b))
  return { its: a.its.index, views, orphaned, registers: registerChanges(a.saved, b.saved), devices: namesOf(a, b) }
}

function becameOrphans({ orphans: was }: Report, { orphans: is }: Report): Difference['orphaned'] {
  const events = new Set(was.events.map(String))
  return {
    devices: is.devices.filter((deviceId) => !was.devices.includes(deviceId)),
    events: is.events.filter((event) => !events.has(String(event))),
  }
}

function registerChanges(a: SavedIts, b: SavedIts): Difference['registers'] {
  const names = ['ctlr', 'iidr', 'cbaser', 'cwriter', 'creadr'] as const
  const pairs = [
    ...names.map((name) => [`GITS_${name.toUpperCase()}`, a[name], b[name]] as const),
    ...a.baser.map((word, n) => [`GITS_BASER${n}`, word, b.baser[n] ?? 0n] as const),
  ]
  return pairs.filter(([, from, to]) => from !== to).map(([name, from, to]) => ({ name, from: hex(from), to: hex(to) }))
}

/** What the guest did comes first; the others follow from it. */
const order: readonly Viewpoint[] = ['guest', 'tables', 'restored']

const titles: Readonly<Record<Viewpoint, string>> = {
  guest: 'guest     what it has mapped',
  tables: 'tables    what is valid in RAM',
  restored: 'restored  what a restore brings back',
}

function differenceText({ views, orphaned, registers }: Difference, nameOf: NameOf, { style }: Io): string {
  const sections = (Object.entries(views) as [Viewpoint, readonly Change[]][]).map(([view, changes]) => [
    `${style.bold(titles[view])}: ${changes.length === 0 ? 'no difference' : count(changes.length, 'change')}`,
    ...viewLines(changes, nameOf).map((line) => `    ${line}`),
  ])
  const within = orphaned.events.filter(([deviceId]) => !orphaned.devices.includes(deviceId))
  const orphans = [
    ...orphaned.devices.map((deviceId) => `    device ${hex(deviceId)}${nameOf(deviceId)}`),
    ...within.map(([deviceId, eventId]) => `    device ${hex(deviceId)}${nameOf(deviceId)} event ${eventId}`),
  ]
  const all = [
    ...sections,
    ...(orphans.length > 0 ? [[style.bold('became orphans: unmapped by the guest, still valid in RAM'), ...orphans]] : []),
    ...(registers.length > 0
      ? [[style.bold('registers'), ...registers.map((r) => `    ${r.name.padEnd(12)}  ${r.from} -> ${r.to}`)]]
      : []),
  ]
  return all.map((lines) => `${lines.join('\n')}\n`).join('\n')
}

/** One line for each change; the events of a device that came or went are counted on its line. */
function viewLines(changes: readonly Change[], nameOf: NameOf): string[] {
  const whole = new Map<number, number>()
  for (const { what, deviceId, eventId } of changes) {
    if (deviceId !== undefined && eventId === undefined && (what === 'mapped' || what === 'unmapped')) whole.set(deviceId, 0)
    else if (deviceId !== undefined && whole.has(deviceId)) whole.set(deviceId, whole.get(deviceId)! + 1)
  }
  const named = new Set<number>()
  const lines = changes
    .filter(({ deviceId, eventId }) => eventId === undefined || !whole.has(deviceId!))
    .map((change) => {
      const events = change.deviceId === undefined ? undefined : whole.get(change.deviceId)
      return [
        changeName(change, named, nameOf),
        `${changeWords(change)}${events === undefined ? '' : `, ${count(events, 'event')}`}`,
      ] as const
    })
  const width = Math.max(0, ...lines.map(([name]) => name.length))
  return lines.map(([name, words]) => `${name.padEnd(width)}  ${words}`)
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
