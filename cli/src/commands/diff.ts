import { hex, type SavedIts } from '@vits/core/abi'
import { audit, type Report, type Scene, type Viewpoint, viewDifferences, viewFrom } from '@vits/core/audit'
import { type DiffDocument, namedDevices } from '@vits/core/documents'
import type { Inspection } from '@vits/core/inspect'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failing } from '../failure.ts'
import { withSavedMachine } from '../files/load.ts'
import { lookedAt } from '../files/looked-at.ts'
import { knownIts } from '../options/its.ts'
import { jsonText } from '../printable.ts'
import { differenceText } from '../render/diff-text.ts'
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
          const failures = wanted.includes('restored') ? stops([a, was], [b, is]) : []
          io.out(json ? jsonText(document) : differenceText({ ...found, stops: failures }, io.style))
          return differenceBits(found) | lookedAt(a, before.inspection, io) | lookedAt(b, after.inspection, io)
        }),
      ),
    ),
  )
}

const sceneOf = (inspection: Inspection, its: number): Scene => inspection.scenes[knownIts(its, inspection)]!

/** What the guest did comes first; the others follow from it. */
const order: readonly Viewpoint[] = ['guest', 'tables', 'restored']

function difference(a: Scene, b: Scene, wanted: readonly Viewpoint[]): Difference {
  const views = Object.fromEntries(wanted.map((view) => [view, viewDifferences(viewFrom(a, view), viewFrom(b, view))]))
  const orphaned = becameOrphans(audit(a), audit(b))
  return { its: a.its.index, views, orphaned, registers: registerChanges(a.saved, b.saved), devices: namesOf(a, b) }
}

/** As diff(1) has it. */
function differenceBits({ views, orphaned, registers }: Difference): ExitBits {
  const changes = [...Object.values(views).map(({ length }) => length), orphaned.devices.length, orphaned.events.length]
  return registers.length > 0 || changes.some((some) => some > 0) ? ExitCode.Differs : ExitCode.Ok
}

const stops = (...saves: readonly (readonly [file: string, scene: Scene])[]) =>
  saves.flatMap(([file, scene]) => {
    const { stop } = viewFrom(scene, 'restored')
    return stop === undefined ? [] : [[file, stop] as const]
  })

/** By the later save, or the earlier one of what is in that alone. */
function namesOf({ names: before, its }: Scene, { names: after }: Scene): DiffDocument['devices'] {
  const gone = namedDevices(before, its.index).filter(({ deviceId }) => after.of(deviceId).functions.length === 0)
  return [...namedDevices(after, its.index), ...gone].sort((a, b) => a.deviceId - b.deviceId)
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
