import { type DeviceRow, hex, setScene, type View, viewFrom, viewpoints } from '@vits/core'
import { choice, command, flag } from '../command.ts'
import { ExitCode } from '../exit-code.ts'
import { failing } from '../failure.ts'
import { withSavedMachine } from '../load.ts'
import { count } from '../render/words.ts'

/** Lists collections and devices with their events, from one of three viewpoints. */
export const show = command({
  name: 'show',
  args: '<file>',
  summary: 'list collections and devices with their events',
  details:
    'tables: every valid entry in guest RAM. restored: what a restore brings back.\nguest: what the guest has mapped, from its command queue and the MSI state of its PCI devices.',
  examples: ['show vm.migr', 'show vm.migr --view guest', 'show vm.migr --view restored --json'],
  options: {
    view: choice('--view <view>', 'whose view', viewpoints),
    json: flag('--json', 'print one JSON document'),
  },
  run: ([file = ''], { view, json }, io) =>
    failing(file, io, () =>
      withSavedMachine(file, io, ({ input }) => {
        const rows = viewFrom(setScene(input), view)
        io.out(json ? `${JSON.stringify(viewJson(view, rows), null, 2)}\n` : viewText(rows))
        return ExitCode.Ok
      }),
    ),
})

const viewJson = (view: string, { collections, devices, stop }: View) => ({
  schema: 1,
  view,
  ...(stop === undefined ? {} : { errno: stop.errno, stop: { ...stop, at: stop.at === undefined ? null : hex(stop.at) } }),
  collections: collections.map(({ icid, rdBase }) => ({ icid, rdbase: rdBase })),
  devices: devices.map(({ itt, ...device }) => ({ ...device, itt: itt === null ? null : hex(itt) })),
})

function viewText({ collections, devices, stop }: View): string {
  if (stop !== undefined) {
    return `The restore fails with ${stop.errno} at ${stop.place}: ${stop.says}. KVM drops the ${count(stop.after.devices, 'device')} it had read.\n`
  }
  const lines = collections.map(({ icid, rdBase }) => `collection ${icid}  RDbase ${rdBase}`)
  return [...lines, ...devices.flatMap(deviceLines)].map((line) => `${line}\n`).join('')
}

function deviceLines({ deviceId, itt, eventIdBits, events }: DeviceRow): string[] {
  const place = itt === null || eventIdBits === null ? 'ITT unknown' : `ITT ${hex(itt)}  ${count(eventIdBits, 'EventID bit')}`
  return [
    `device ${hex(deviceId)} (${pciName(deviceId)})  ${place}`,
    ...events.map(({ eventId, lpi, icid }) => `  event ${eventId}  LPI ${lpi ?? 'unknown'}  collection ${icid ?? 'unknown'}`),
  ]
}

/** A DeviceID as the PCI function that has it on a machine whose requester IDs are DeviceIDs. */
function pciName(deviceId: number): string {
  const two = (n: number) => n.toString(16).padStart(2, '0')
  return `${two(deviceId >>> 8)}:${two((deviceId >>> 3) & 31)}.${deviceId & 7}`
}
