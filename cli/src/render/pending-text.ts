import { hex } from '@vits/core/abi'
import type { DeviceNames, PendingEvent, PendingView, VcpuPending } from '@vits/core/audit'
import { inBrackets, roleWords } from './device-lines.ts'
import { beliefMarks } from './view-text.ts'
import { count } from './words.ts'

/** Strays of one vCPU that are named. */
const MOST_STRAYS = 16

/** What is pending on each vCPU, then each event with its LPI, then what it all comes to. */
export function pendingText(view: PendingView, names: DeviceNames): string {
  const { vcpus, devices, isWhole } = view
  const lines = [
    ...vcpus.flatMap(vcpuLines),
    ...devices.flatMap(({ deviceId, events }) => [
      `device ${hex(deviceId)}${inBrackets(names, deviceId)}`,
      ...events.map((event) => `${eventLine(event)}${roleWords(names, deviceId, event.eventId)}`),
    ]),
    ...(isWhole ? [] : ['Not every event is known: nothing is said of pending LPIs that no event has.']),
    summary(view),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function vcpuLines({ vcpuId, isEnabled, table, unread, lpis, strays }: VcpuPending): string[] {
  const pending =
    unread === undefined ? `${lpis.length === 0 ? 'nothing' : count(lpis.length, 'LPI')} pending` : unreadWords[unread]
  const head = `vCPU ${vcpuId}  LPIs ${isEnabled ? 'enabled' : 'disabled'}  pending table ${hex(table)}  ${pending}`
  const rest = strays.length - MOST_STRAYS
  return [
    head,
    ...strays.slice(0, MOST_STRAYS).map(({ lpi, target }) => {
      const because =
        target === undefined ? 'no event that goes here has it' : `its event goes to vCPU ${target}, where it is not`
      return `  LPI ${lpi} is pending, and ${because}`
    }),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ]
}

function eventLine({ eventId, lpi, vcpuId, belief, isRestored, pending, configuration, elsewhere }: PendingEvent): string {
  const words = [
    `  event ${eventId}`,
    `LPI ${lpi ?? 'unknown'}`,
    vcpuId === null ? 'no vCPU' : `vCPU ${vcpuId}`,
    configuration?.isEnabled === undefined
      ? `configuration ${unreadOr(configuration?.unread)}`
      : onOrOff(configuration.isEnabled),
    pending?.isSet === undefined
      ? `pending bit ${unreadOr(pending?.unread)}`
      : isPending(pending.isSet, configuration?.isEnabled),
    ...(pending?.isSet === true ? [`bit ${pending.bit} at ${hex(pending.at)}`] : []),
    ...(elsewhere.length > 0 ? [`pending on vCPU ${elsewhere.join(', ')}, which no restore reads`] : []),
    ...(belief === 'live' ? [] : [beliefMarks[belief]]),
    ...(isRestored ? [] : ['not brought back']),
  ]
  return words.join('  ')
}

const unreadWords = { 'outside RAM': 'outside RAM', 'not loaded': 'not looked at' } as const
const unreadOr = (unread: keyof typeof unreadWords | undefined) => (unread === undefined ? 'unknown' : unreadWords[unread])
const onOrOff = (isOn: boolean) => (isOn ? 'enabled' : 'disabled')
const isPending = (isSet: boolean, isEnabled: boolean | undefined) =>
  isSet ? (isEnabled === false ? 'pending until it is enabled' : 'pending') : 'not pending'

function summary({ devices }: PendingView): string {
  const events = devices.flatMap((device) => device.events)
  const pending = events.filter((event) => event.pending?.isSet === true)
  const waiting = pending.filter(({ configuration }) => configuration?.isEnabled === false)
  const unknown = events.filter((event) => event.pending?.isSet === undefined)
  return [
    `${pending.length} of ${count(events.length, 'event')} pending`,
    waiting.length > 0 ? `, ${waiting.length} of them disabled` : '',
    unknown.length > 0 ? `; of ${unknown.length} it is not known` : '',
    '.',
  ].join('')
}
