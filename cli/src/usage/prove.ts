import { moreFiles } from '../options/files.ts'
import { limits } from '../options/limits.ts'
import { flag, text } from '../options/option.ts'
import { usage } from '../usage.ts'

/** Asks a real KVM what a restore of saved VMs does. Never writes. */
export const prove = usage({
  name: 'prove',
  args: '<file...>',
  eachFile: true,
  summary: 'restore a saved VM in a real KVM and compare with what check predicts',
  details:
    'Boots a Linux kernel for arm64 under QEMU, gives its KVM the registers and the pages a restore reads, and reports what\nRESTORE_TABLES does there with each ITS: its errno, or the mappings it restored, read back by saving them into cleared tables.\nThe VM there has the RAM that the file lists, where the machine has it, whatever check makes of it.\nNeeds the lab: a clone of the repository, and `npm run lab:setup`; with `-- --kernels 7.3.4` it fetches that one, too.',
  examples: ['prove vm.migr', 'prove --kernel 6.1 vm.migr', 'prove --kernel ./vmlinuz --profile linux-7.2.13 vm.migr'],
  options: {
    kernel: text(
      '--kernel <image>',
      '6.12, 6.1, a version that the lab fetched, or a path to an arm64 vmlinuz (6.12 when not named)',
    ),
    profile: text('--profile <profile>', 'the kernel that check predicts for (the one nearest to the kernel when not named)'),
    json: flag('--json', 'print one JSON document for each file, one a line when there are several'),
    ...moreFiles,
    ...limits,
  },
})
