import { hex } from '@vits/core/abi'
import { headReaders, type Report } from '@vits/core/audit'
import { allocatedEvents } from '@vits/core/guest-kernel'
import { count } from './words.ts'

const histories: Readonly<Record<Report['history']['state'], string>> = {
  whole: 'whole',
  wrapped: 'gone round: its beginning is lost',
  restarted: 'not whole: its beginning is lost in part',
  damaged: 'damaged and not believed',
  empty: 'none executed',
  unreadable: 'not readable',
}

/** What the guest has, what its witnesses tell, what lies in the tables, and what a restore gives: a line each. */
export function viewLines(report: Report): string[] {
  const { live, tables, restored, stop, history, unknown, collections } = report
  const size = ({ devices, events }: Report['live']) =>
    `${String(devices).padStart(5)} devices ${String(events).padStart(6)} events`
  const told = `${count(history.commands, 'command')} in the queue, ${histories[history.state]}`
  const after = stop === undefined ? '' : `  stops at ${stop.place}, after ${count(stop.after.devices, 'device')}`
  return [
    `  guest     ${size(live)}  ${report.whole ? '' : 'at least; '}${told}`,
    ...queueLine(report),
    ...kernelLine(report),
    ...debugfsLine(report),
    `  tables    ${size(tables)}  valid in RAM, ${count(collections, 'collection')}${unknown > 0 ? `; ${unknown} of them no witness knows` : ''}`,
    ...headsLine(report),
    `  restore   ${size(restored)}${after}`,
  ]
}

/** Dummy heads, where there are some: no released kernel makes any. */
function headsLine({ heads: { deviceTable, itts, stale } }: Report): string[] {
  if (deviceTable + itts === 0) return []
  const where = [...(deviceTable > 0 ? [`${deviceTable} of the device table`] : []), ...(itts > 0 ? [`${itts} of ITTs`] : [])]
  const truth = stale === 0 ? 'all true' : `${stale} stale`
  return [`  heads     ${where.join(' and ')}, ${truth}; read by ${headReaders.join(', ')} alone`]
}

/** How far the queue's word goes when its beginning is lost. */
function queueLine({ history, byQueue: { live, deviceLive, dead, unknown } }: Report): string[] {
  if (history.state !== 'wrapped' && history.state !== 'restarted') return []
  const byDevice = deviceLive > 0 ? ` (${deviceLive} of them by their device alone)` : ''
  return [
    `  queue     tells of ${live + deviceLive} events in the tables that they are live${byDevice}, of ${dead} dead, of ${unknown} nothing`,
  ]
}

/** What the guest's kernel knows itself, where it was asked. */
function kernelLine({ guestKernel }: Report): string[] {
  if (guestKernel === undefined) return []
  if ('missing' in guestKernel)
    return [`  kernel    its own list of devices is not there to be read: ${guestKernel.missing.reason}`]
  const { list, by, devices } = guestKernel.found
  const events = allocatedEvents(guestKernel.found)
  return [
    `  kernel    ${String(devices.size).padStart(5)} devices ${String(events).padStart(6)} events  allocated on its own list at ${hex(list)}, ${readBy[by]}`,
  ]
}

/** What KVM had at another moment, where somebody took it down. */
function debugfsLine({ debugfs }: Report): string[] {
  if (debugfs === undefined) return []
  const { listed, lpis, differences } = debugfs
  const told =
    listed === undefined ? count(lpis!, 'LPI') : `${count(listed.devices, 'device')} and ${count(listed.events, 'event')}`
  if (differences.count === 0)
    return [`  debugfs   KVM had ${told}, which all stand in the tables: what it lacks is inferred to be gone`]
  const more = differences.count > differences.first.length ? `; ${differences.count - differences.first.length} more` : ''
  return [`  debugfs   KVM had ${told} at another moment, and is not heard: ${differences.first.join('; ')}${more}`]
}

const readBy = { BTF: 'read by its BTF', probing: 'read without BTF' } as const
