import { TableEntries, type View, type Viewpoint } from '@vits/core/audit'
import { lpiStates, pendingDocument, registersDocument, type ShowDocument, viewDocument } from '@vits/core/documents'
import type { Inspection } from '@vits/core/inspect'
import { failing, UsageError } from '../failure.ts'
import { withSavedMachine } from '../files/load.ts'
import { lookedAt } from '../files/looked-at.ts'
import { otherFiles } from '../options/files.ts'
import { askingKernel } from '../options/guest-kernel.ts'
import { knownIts } from '../options/its.ts'
import { judgedKernel, judgedWords } from '../options/profile-named.ts'
import { RowFilter } from '../options/row-filter.ts'
import { jsonText } from '../printable.ts'
import { fit } from '../render/layout.ts'
import { pendingText } from '../render/pending-text.ts'
import { registersText } from '../render/registers-text.ts'
import { viewText } from '../render/view-text.ts'
import { itsWords } from '../render/words.ts'
import type { Style } from '../style.ts'
import type { show } from '../usage/show.ts'
import type { Run } from '../usage.ts'

/** Lists collections and devices with their events from one of three viewpoints, what is pending, or the registers. */
export const run: Run<typeof show> = async (
  [file = ''],
  { view, its, raw, kernel, device, lpi, name, json, guestKernel: always, vgicItsState: debugfs, ...more },
  io,
) => {
  const filter = new RowFilter({ device, lpi, name })
  if (view === 'registers' && filter.isAny)
    throw new UsageError('--device, --lpi and --name choose devices and events: no registers')
  if (raw && (view === 'registers' || view === 'pending'))
    throw new UsageError('--raw is for the views of tables, restored and guest')
  if (kernel !== undefined && view !== 'restored')
    throw new UsageError('--kernel is for what a restore brings back: --view restored')
  const judged = judgedKernel(kernel, io)
  const asking = { others: otherFiles(more, [file]), debugfs, judges: [], kernel: judged.profile, ...askingKernel(always) }
  return failing(file, io, () =>
    withSavedMachine(file, io, asking, ({ inspection }) => {
      knownIts(its, inspection)
      const shown = shownAs(view, inspection, { its, filter, raw, style: io.style })
      const of = view === 'restored' ? { judged: judged.told } : {}
      if (json) io.out(jsonText({ ...shown.document(), ...of }))
      else io.out(fit(`${view === 'restored' ? `${judgedWords(judged)}\n` : ''}${shown.text()}`, io.style))
      return lookedAt(file, inspection, io)
    }),
  )
}

interface Shown {
  document(): ShowDocument
  text(): string
}

interface Wanted {
  readonly its: number
  readonly filter: RowFilter
  readonly raw: boolean
  readonly style: Style
}

function shownAs(view: Viewpoint | 'pending' | 'registers', inspection: Inspection, wanted: Wanted): Shown {
  if (view === 'registers') return showRegisters(inspection)
  const { document, text } = view === 'pending' ? showPending(inspection, wanted) : showView(inspection, view, wanted)
  return { document, text: () => heading(wanted.its, inspection) + text() }
}

/** All ITSes are in one document. */
function showRegisters({ machine }: Inspection): Shown {
  return { document: () => registersDocument(machine), text: () => registersText(machine) }
}

function showView(inspection: Inspection, view: Viewpoint, { its, filter, raw, style }: Wanted): Shown {
  const scene = inspection.scenes[its]!
  const { names, beliefs } = scene
  const all = inspection.view(view, its)
  const rows = filter.isAny ? filtered(all, filter.of(all.devices, names)) : all
  const pending = inspection.pending(its)
  const entries = raw ? new TableEntries(scene) : undefined
  return {
    document: () => viewDocument(view, its, rows, { names, beliefs, pending, entries }),
    text: () => viewText(rows, { names, beliefs, lpiState: lpiStates(pending), entries, style }) || nothing(filter),
  }
}

/** With the devices go the collections of their events, and the heads in their ITTs. */
function filtered(view: View, devices: View['devices']): View {
  const icids = new Set(devices.flatMap(({ events }) => events.map(({ icid }) => icid)))
  const ids = new Set(devices.map(({ deviceId }) => deviceId))
  return {
    ...view,
    devices,
    collections: view.collections.filter(({ icid }) => icids.has(icid)),
    ...(view.heads && { heads: view.heads.filter(({ kind, deviceId }) => kind === 'ITE' && ids.has(deviceId)) }),
  }
}

const nothing = ({ isAny }: RowFilter): string => (isAny ? 'No device and no event is one of those.\n' : '')

function showPending(inspection: Inspection, { its, filter }: Wanted): Shown {
  const { names } = inspection.scenes[its]!
  const all = inspection.pending(its)
  const state = filter.isAny ? { ...all, devices: filter.of(all.devices, names) } : all
  return { document: () => pendingDocument(its, state, names), text: () => pendingText(state, names) }
}

/** Which ITS it is, where there are several. */
function heading(its: number, { scenes }: Inspection): string {
  return scenes.length === 1 ? '' : `${itsWords(scenes[its]!.its)}, of ${scenes.length}\n`
}
