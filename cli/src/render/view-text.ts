import { hex, hexWord } from '@vits/core/abi'
import {
  type Belief,
  type Beliefs,
  type DeviceNames,
  type DeviceRow,
  type EntryView,
  type EventRow,
  entryFields,
  type Head,
  headWords,
  type TableEntries,
  type View,
} from '@vits/core/audit'
import type { LpiState } from '@vits/core/documents'
import type { Style } from '../style.ts'
import { inBrackets, roleWords } from './device-lines.ts'
import { displayWidth, padded } from './display-width.ts'
import { count } from './words.ts'

/** What is told of the rows of a view besides what they are. */
export interface ViewContext {
  readonly names: DeviceNames
  readonly beliefs: Beliefs
  /** What the LPI tables say of an event. */
  lpiState(deviceId: number, eventId: number): LpiState
  /** The words of the tables, where they are asked for. */
  readonly entries: TableEntries | undefined
  readonly style: Style
}

/** Collections, then devices with their events; what the guest has given up is marked. */
export function viewText({ collections, devices, stop, heads = [] }: View, context: ViewContext): string {
  if (stop !== undefined) {
    return `The restore fails with ${stop.errno} at ${stop.place}: ${stop.says}. KVM drops the ${count(stop.after.devices, 'device')} it had read.\n`
  }
  const { entries } = context
  const inItt = new Map(heads.flatMap((head) => (head.kind === 'ITE' ? [[head.deviceId, headLine(head)] as const] : [])))
  const lines = [
    ...collections.map(({ icid, rdBase }) =>
      rowOf(entries, entries?.collection(icid), [`collection ${icid}`, `RDbase ${rdBase}`]).join('  '),
    ),
    ...heads.filter(({ kind }) => kind === 'DTE').map(headLine),
    ...devices.flatMap((device) => {
      const head = inItt.get(device.deviceId)
      return [deviceLine(device, context), ...(head === undefined ? [] : [`  ${head}`]), ...eventLines(device, context)]
    }),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function deviceLine({ deviceId, itt, eventIdBits }: DeviceRow, { names, beliefs, entries, style }: ViewContext): string {
  const place = itt === null || eventIdBits === null ? ['ITT unknown'] : [`ITT ${hex(itt)}`, count(eventIdBits, 'EventID bit')]
  const name = `device ${hex(deviceId)}${inBrackets(names, deviceId)}`
  const cells = rowOf(entries, entries?.device(deviceId), [name, ...place])
  return [...cells, ...markOf(beliefs.device(deviceId).belief, style)].join('  ')
}

/** The rows of one device, in columns. */
function eventLines({ deviceId, events }: DeviceRow, context: ViewContext): string[] {
  const rows = events.map((event) => eventCells(deviceId, event, context))
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => displayWidth(row[i] ?? ''))))
  return rows.map((row) => {
    const cells = row.map((cell, i) => (widths[i] === 0 ? '' : `  ${padded(cell, widths[i]!)}`))
    return cells.join('').trimEnd()
  })
}

function eventCells(deviceId: number, { eventId, lpi, icid }: EventRow, context: ViewContext): string[] {
  const { names, beliefs, entries, style } = context
  const target = [`event ${eventId}`, `LPI ${lpi ?? 'unknown'}`, `collection ${icid ?? 'unknown'}`]
  return [
    ...rowOf(entries, entries?.event(deviceId, eventId), target),
    stateWords(context.lpiState(deviceId, eventId)),
    roleWords(names, deviceId, eventId).trim(),
    markOf(beliefs.eventBelief(deviceId, eventId), style)[0] ?? '',
  ]
}

/** A row with its address, its word and the fields of that, where words are asked for. */
function rowOf(asked: TableEntries | undefined, entry: EntryView | undefined, cells: readonly string[]): readonly string[] {
  if (asked === undefined) return cells
  const [what = ''] = cells
  if (entry === undefined) return ['not in the tables', '', what, cells.slice(1).join(' ')]
  return [hex(entry.at), hexWord(entry.lo, entry.hi), what, entryFields(entry)]
}

function stateWords({ isEnabled, isPending }: LpiState): string {
  const configured = isEnabled === null ? [] : [isEnabled ? 'enabled' : 'disabled']
  return [...configured, ...(isPending === true ? ['pending'] : [])].join(', ')
}

/** Of an entry that is not known to be live. */
const markOf = (belief: Belief, style: Style): string[] => (belief === 'live' ? [] : [style.bad(beliefMarks[belief])])

export const beliefMarks: Readonly<Record<Exclude<Belief, 'live'>, string>> = {
  dead: 'orphan',
  disputed: 'disputed',
  unknown: 'perhaps an orphan',
}

/** `head at 0x44160000 names DeviceID 0x20`, and of one that is stale the first that is live. */
const headLine = (head: Head): string => `head at ${hex(head.at)} ${headWords(head)}${head.isStale ? ': stale' : ''}`
