import { hex } from '@vits/core/abi'
import { type DeviceNames, type DeviceRow, type Head, headWords, type View, type Viewpoint } from '@vits/core/audit'
import { pendingDocument, registersDocument, type ShowDocument, viewDocument } from '@vits/core/documents'
import type { Inspection } from '@vits/core/inspect'
import { failing } from '../failure.ts'
import { otherFiles } from '../files-option.ts'
import { askingKernel } from '../guest-kernel-option.ts'
import { knownIts } from '../its-option.ts'
import { withSavedMachine } from '../load.ts'
import { lookedAt } from '../looked-at.ts'
import { jsonText } from '../printable.ts'
import { inBrackets, roleWords } from '../render/device-lines.ts'
import { fit } from '../render/layout.ts'
import { pendingText } from '../render/pending-text.ts'
import { registersText } from '../render/registers-text.ts'
import { count, itsWords } from '../render/words.ts'
import type { show } from '../usage/show.ts'
import type { Run } from '../usage.ts'

/** Lists collections and devices with their events from one of three viewpoints, what is pending, or the registers. */
export const run: Run<typeof show> = (
  [file = ''],
  { view, its, json, guestKernel: always, vgicItsState: debugfs, ...more },
  io,
) =>
  failing(file, io, () =>
    withSavedMachine(
      file,
      io,
      { others: otherFiles(more, [file]), debugfs, judges: [], ...askingKernel(always) },
      ({ inspection }) => {
        knownIts(its, inspection)
        const shown = shownAs(view, inspection, its)
        io.out(json ? jsonText(shown.document()) : fit(shown.text(), io.style))
        return lookedAt(file, inspection, io)
      },
    ),
  )

interface Shown {
  document(): ShowDocument
  text(): string
}

function shownAs(view: Viewpoint | 'pending' | 'registers', inspection: Inspection, its: number): Shown {
  if (view === 'registers') return showRegisters(inspection)
  const { document, text } = view === 'pending' ? showPending(inspection, its) : showView(inspection, its, view)
  return { document, text: () => heading(its, inspection) + text() }
}

/** All ITSes are in one document. */
function showRegisters({ machine }: Inspection): Shown {
  return { document: () => registersDocument(machine), text: () => registersText(machine) }
}

function showView(inspection: Inspection, its: number, view: Viewpoint): Shown {
  const rows = inspection.view(view, its)
  const { names } = inspection.scenes[its]!
  const beliefs = view === 'guest' ? inspection.beliefs(its) : undefined
  return { document: () => viewDocument(view, its, rows, { names, beliefs }), text: () => viewText(rows, names) }
}

function showPending(inspection: Inspection, its: number): Shown {
  const state = inspection.pending(its)
  const { names } = inspection.scenes[its]!
  return { document: () => pendingDocument(its, state, names), text: () => pendingText(state, names) }
}

/** Which ITS it is, where there are several. */
function heading(its: number, { scenes }: Inspection): string {
  return scenes.length === 1 ? '' : `${itsWords(scenes[its]!.its)}, of ${scenes.length}\n`
}

function viewText({ collections, devices, stop, heads = [] }: View, names: DeviceNames): string {
  if (stop !== undefined) {
    return `The restore fails with ${stop.errno} at ${stop.place}: ${stop.says}. KVM drops the ${count(stop.after.devices, 'device')} it had read.\n`
  }
  const lines = collections.map(({ icid, rdBase }) => `collection ${icid}  RDbase ${rdBase}`)
  const inItt = new Map(heads.flatMap((head) => (head.kind === 'ITE' ? [[head.deviceId, headLine(head)] as const] : [])))
  const rows = devices.flatMap((device) => {
    const [first, ...events] = deviceLines(device, names)
    const head = inItt.get(device.deviceId)
    return [first!, ...(head === undefined ? [] : [`  ${head}`]), ...events]
  })
  const ofTable = heads.filter(({ kind }) => kind === 'DTE').map(headLine)
  return [...lines, ...ofTable, ...rows].map((line) => `${line}\n`).join('')
}

function deviceLines({ deviceId, itt, eventIdBits, events }: DeviceRow, names: DeviceNames): string[] {
  const place = itt === null || eventIdBits === null ? 'ITT unknown' : `ITT ${hex(itt)}  ${count(eventIdBits, 'EventID bit')}`
  return [
    `device ${hex(deviceId)}${inBrackets(names, deviceId)}  ${place}`,
    ...events.map(({ eventId, lpi, icid }) => {
      const target = `LPI ${lpi ?? 'unknown'}  collection ${icid ?? 'unknown'}`
      return `  event ${eventId}  ${target}${roleWords(names, deviceId, eventId)}`
    }),
  ]
}

/** `head at 0x44160000 names DeviceID 0x20`, and of one that is stale the first that is live. */
const headLine = (head: Head): string => `head at ${hex(head.at)} ${headWords(head)}${head.isStale ? ': stale' : ''}`
