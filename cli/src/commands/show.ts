import { hex } from '@vits/core/abi'
import { type DeviceRow, type View, viewpoints } from '@vits/core/audit'
import { viewDocument } from '@vits/core/documents'
import type { Inspection } from '@vits/core/inspect'
import { choice, command, flag } from '../command.ts'
import { failing } from '../failure.ts'
import { askingKernel, guestKernel } from '../guest-kernel-option.ts'
import { its, knownIts } from '../its-option.ts'
import { withSavedMachine } from '../load.ts'
import { lookedAt } from '../looked-at.ts'
import { count, itsWords } from '../render/words.ts'

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
    its,
    guestKernel,
    json: flag('--json', 'print one JSON document'),
  },
  run: ([file = ''], { view, its, json, guestKernel: always }, io) =>
    failing(file, io, () =>
      withSavedMachine(file, io, { judges: [], ...askingKernel(always) }, ({ inspection }) => {
        const rows = inspection.view(view, knownIts(its, inspection))
        const beliefs = view === 'guest' ? inspection.beliefs(its) : undefined
        io.out(
          json
            ? `${JSON.stringify(viewDocument(view, its, rows, beliefs), null, 2)}\n`
            : heading(its, inspection) + viewText(rows),
        )
        return lookedAt(file, inspection, io)
      }),
    ),
})

/** Which ITS it is, where there are several. */
function heading(its: number, { scenes }: Inspection): string {
  return scenes.length === 1 ? '' : `${itsWords(scenes[its]!.its)}, of ${scenes.length}\n`
}

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
