import { hex, type SavedIts } from '@vits/core/abi'
import { audit, type Change, type Report, type Scene, type Viewpoint, viewDifferences, viewFrom } from '@vits/core/audit'
import type { DiffDocument } from '@vits/core/documents'
import type { Inspection } from '@vits/core/inspect'
import { choice, command, flag } from '../command.ts'
import { failing } from '../failure.ts'
import type { Io } from '../io.ts'
import { its, knownIts } from '../its-option.ts'
import { withSavedMachine } from '../load.ts'
import { lookedAt } from '../looked-at.ts'
import { count } from '../render/words.ts'

/** What two saves have in common is not said; what became an orphan is live in the first and stale in the second. */
type Difference = Pick<DiffDocument, 'its' | 'views' | 'orphaned' | 'registers'>

/** Compares two saves of one VM. */
export const diff = command({
  name: 'diff',
  args: '<a> <b>',
  summary: 'say what changed between two saves of one VM',
  details:
    'guest: what the guest mapped, unmapped and moved. tables: what is valid in RAM. restored: what a restore brings back.\n' +
    'And what the guest unmapped in between and is still valid in RAM: what became an orphan.',
  examples: ['diff before.migr after.migr', 'diff --view guest before.migr after.migr', 'diff --json before.migr after.migr'],
  options: {
    view: choice('--view <view>', 'one view only', ['all', 'guest', 'tables', 'restored']),
    its,
    json: flag('--json', 'print one JSON document'),
  },
  run: ([a = '', b = ''], { view, its, json }, io) => {
    const wanted = order.filter((name) => view === 'all' || view === name)
    return failing(a, io, () =>
      withSavedMachine(a, io, { judges: [] }, (before) =>
        failing(b, io, () =>
          withSavedMachine(b, io, { judges: [] }, (after) => {
            const found = difference(sceneOf(before.inspection, its), sceneOf(after.inspection, its), wanted)
            const document: DiffDocument = { schema: 1, a, b, ...found }
            io.out(json ? `${JSON.stringify(document, null, 2)}\n` : differenceText(found, io))
            return lookedAt(a, before.inspection, io) | lookedAt(b, after.inspection, io)
          }),
        ),
      ),
    )
  },
})

const sceneOf = (inspection: Inspection, its: number): Scene => inspection.scenes[knownIts(its, inspection)]!

function difference(a: Scene, b: Scene, wanted: readonly Viewpoint[]): Difference {
  const views = Object.fromEntries(wanted.map((view) => [view, viewDifferences(viewFrom(a, view), viewFrom(b, view))]))
  return { its: a.its.index, views, orphaned: becameOrphans(audit(a), audit(b)), registers: registerChanges(a.saved, b.saved) }
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

function differenceText({ views, orphaned, registers }: Difference, { style }: Io): string {
  const sections = (Object.entries(views) as [Viewpoint, readonly Change[]][]).map(([view, changes]) => [
    `${style.bold(titles[view])}: ${changes.length === 0 ? 'no difference' : count(changes.length, 'change')}`,
    ...viewLines(changes).map((line) => `    ${line}`),
  ])
  const within = orphaned.events.filter(([deviceId]) => !orphaned.devices.includes(deviceId))
  const orphans = [
    ...orphaned.devices.map((deviceId) => `    device ${hex(deviceId)}`),
    ...within.map(([deviceId, eventId]) => `    device ${hex(deviceId)} event ${eventId}`),
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
function viewLines(changes: readonly Change[]): string[] {
  const whole = new Map<number, number>()
  for (const { what, deviceId, eventId } of changes) {
    if (deviceId !== undefined && eventId === undefined && (what === 'mapped' || what === 'unmapped')) whole.set(deviceId, 0)
    else if (deviceId !== undefined && whole.has(deviceId)) whole.set(deviceId, whole.get(deviceId)! + 1)
  }
  return changes
    .filter(({ deviceId, eventId }) => eventId === undefined || !whole.has(deviceId!))
    .map((change) => {
      const events = change.deviceId === undefined ? undefined : whole.get(change.deviceId)
      return `${changeLine(change)}${events === undefined ? '' : `, ${count(events, 'event')}`}`
    })
}

/** `device 0x8 event 0  unmapped  LPI 8192, collection 0`. */
function changeLine({ what, icid, deviceId, eventId, from, to }: Change): string {
  const event = eventId === undefined ? '' : ` event ${eventId}`
  const name = deviceId === undefined ? `collection ${icid}` : `device ${hex(deviceId)}${event}`
  return `${name.padEnd(24)}  ${what.padEnd(8)}  ${[from, to].filter((part) => part !== undefined).join(' -> ')}`
}
