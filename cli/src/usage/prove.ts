import { moreFiles } from '../options/files.ts'
import { limits } from '../options/limits.ts'
import { duration, flag, list, text, whole } from '../options/option.ts'
import { usage } from '../usage.ts'

/** Asks a real KVM what a restore of saved VMs does, or goes through every history of a small one. Never writes. */
export const prove = usage({
  name: 'prove',
  args: '[file...]',
  eachFile: true,
  summary: 'restore a saved VM in a real KVM and compare with what check predicts; or go through every history of a small VM',
  details:
    'Boots a Linux kernel for arm64 under QEMU, gives its KVM the registers and the pages a restore reads, and reports what\nRESTORE_TABLES does there with each ITS: its errno, or the mappings it restored, read back by saving them into cleared tables.\nThe VM there has the RAM that the file lists, where the machine has it, whatever check makes of it.\nNeeds the lab: a clone of the repository, and `npm run lab:setup`; with `-- --kernels 7.3.4` it fetches that one, too.\n' +
    'With --scope, no file and no lab: every history of a VM with two of everything is gone through, whatever its length; each state is saved\n' +
    'and what was saved restored under each kernel. It ends when no state is left that was not looked at: what holds then holds after\n' +
    'histories of any length. Exit status 0 for that, 4 where restores are wrong, with the shortest history, 64 where it was ended before.\n' +
    'With -o the VM of the shortest of these is written as a case, with its queue: check, explore, repair and prove open it.',
  examples: [
    'prove vm.migr',
    'prove --kernel 6.1 vm.migr',
    'prove --kernel ./vmlinuz --profile linux-7.2.13 vm.migr',
    'prove --scope clearing',
    'prove --scope keeping --depth 6',
    'prove --scope keeping -o wrong.vits',
  ],
  options: {
    kernel: text(
      '--kernel <image>',
      '6.12, 6.1, a version that the lab fetched, or a path to an arm64 vmlinuz (6.12 when not named)',
    ),
    profile: text('--profile <profile>', 'the kernel that check predicts for (the one nearest to the kernel when not named)'),
    scope: list('--scope <scopes>', 'go through every history of small VMs, by their names: separated by commas'),
    depth: whole('--depth <count>', 'with --scope: histories of no more operations', { initial: 1000, most: 1000 }),
    within: duration('--within <duration>', 'with --scope: end after so long for each, and say what was looked at'),
    output: text('-o, --output <file>', 'with --scope: write the VM of the shortest wrong restore as a case (gzip)'),
    force: flag('--force', 'with -o: replace the file if there is one'),
    jobs: whole('--jobs <n>', 'with --scope: threads that share the states', { initial: 1, least: 1, most: 64 }),
    json: flag('--json', 'print one JSON document for each file or scope, one a line when there are several'),
    ...moreFiles,
    ...limits,
  },
})
