import { moreFiles } from '../files-option.ts'
import { guestKernel } from '../guest-kernel-option.ts'
import { its } from '../its-option.ts'
import { vgicItsState } from '../kvm-lists-option.ts'
import { limits } from '../limits.ts'
import { choice, flag } from '../option.ts'
import { usage } from '../usage.ts'

/** Lists collections and devices with their events from one of three viewpoints, what is pending, or the registers. */
export const show = usage({
  name: 'show',
  args: '<file>',
  summary: 'list collections and devices with their events, pending LPIs, or registers',
  details:
    'tables: every valid entry in guest RAM. restored: what a restore brings back.\nguest: what the guest has mapped, from its command queue and the MSI state of its PCI devices.\npending: which LPIs are pending and enabled, event by event, and pending LPIs that no event has.\nregisters: what the file has of the ITS and of the redistributors; with --json as it is read beside raw RAM.',
  examples: ['show vm.migr', 'show vm.migr --view guest', 'show vm.migr --view pending', 'show vm.migr --view restored --json'],
  options: {
    view: choice('--view <view>', 'whose view, what is pending, or the registers', [
      'tables',
      'restored',
      'guest',
      'pending',
      'registers',
    ]),
    its,
    guestKernel,
    vgicItsState,
    json: flag('--json', 'print one JSON document'),
    ...moreFiles,
    ...limits,
  },
})
