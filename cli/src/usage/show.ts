import { moreFiles } from '../options/files.ts'
import { guestKernel } from '../options/guest-kernel.ts'
import { its } from '../options/its.ts'
import { vgicItsState } from '../options/kvm-lists.ts'
import { limits } from '../options/limits.ts'
import { choice, flag, text } from '../options/option.ts'
import { rowFilters } from '../options/row-filter.ts'
import { usage } from '../usage.ts'

/** Lists collections and devices with their events from one of three viewpoints, what is pending, or the registers. */
export const show = usage({
  name: 'show',
  args: '<file>',
  summary: 'list collections and devices with their events, pending LPIs, or registers',
  details:
    'tables: every valid entry in guest RAM; those of what the guest has given up are marked as orphans. restored: what a restore brings back.\nguest: what the guest has mapped, from its command queue and the MSI state of its PCI devices.\npending: which LPIs are pending and enabled, event by event, and pending LPIs that no event has.\nregisters: what the file has of the ITS and of the redistributors; with --json as it is read beside raw RAM.',
  examples: [
    'show vm.migr',
    'show vm.migr --view guest',
    'show vm.migr --raw --device 01:00.0',
    'show vm.migr --name disk --view pending',
    'show vm.migr --view restored --json',
  ],
  options: {
    view: choice('--view <view>', 'whose view, what is pending, or the registers', [
      'tables',
      'restored',
      'guest',
      'pending',
      'registers',
    ]),
    raw: flag('--raw', 'with the address of each entry, its word and the fields of that'),
    ...rowFilters,
    kernel: text('--kernel <kernel|host>', 'the kernel of which --view restored is (vits kernels lists them)'),
    its,
    guestKernel,
    vgicItsState,
    json: flag('--json', 'print one JSON document'),
    ...moreFiles,
    ...limits,
  },
})
