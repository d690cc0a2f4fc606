import { formatNames } from '../check/formats.ts'
import { moreFiles } from '../options/files.ts'
import { guestKernel } from '../options/guest-kernel.ts'
import { vgicItsState } from '../options/kvm-lists.ts'
import { limits } from '../options/limits.ts'
import { flag, oneOf, text, whole } from '../options/option.ts'
import { usage } from '../usage.ts'

/** Says whether the interrupts of saved VMs will come back. Never writes. */
export const check = usage({
  name: 'check',
  args: '[file...]',
  eachFile: true,
  summary: 'say whether the interrupts of a saved VM will come back',
  details:
    'Compares what lies in the ITS tables of guest RAM, what KVM makes of it on restore, and what the guest has mapped.\nReads only. A file may be compressed with gzip, zstd, bzip2, xz or lzop, or be a pipe; - is standard input. A folder is the saved VM in it, or all of them in it and below; a pattern may stand in quotes.\n' +
    'Of several, each has a line, and all a summary; -v gives the report of each. What is printed is the same whatever --jobs.\n' +
    'With --resume, what a killed run has answered is not asked again, unless a file, an option or vits itself has changed.',
  examples: [
    'check vm.migr',
    'check --json *.migr | jq .verdict',
    'check --jobs 4 /var/lib/libvirt/qemu/save',
    'check --manifest list --shard 0/10 --resume answers.jsonl',
    'check --format markdown vm.migr',
    'check --kernel linux-5.10 vm.migr',
    'check --kernel host vm.migr',
    'check --kernel all vm.migr',
    'check --why-hang vm.migr',
  ],
  options: {
    json: flag('--json', 'print one JSON document for each file, one a line when there are several'),
    format: oneOf('--format <format>', 'how it is printed (without: the report of one file, a table of several)', formatNames),
    jobs: whole('--jobs <n>', 'files that are looked at at one time, in as many threads', { initial: 1, least: 1, most: 256 }),
    manifest: text('--manifest <file>', 'the VMs are named in this file (- is standard input), one a line'),
    null: flag('-0, --null', 'the paths of the list are ended by NUL, as find -print0 writes them'),
    shard: text(
      '--shard <i/n>',
      'only the i-th part of n of the files, from 0 on; n alone where Kubernetes or AWS Batch tells which',
    ),
    resume: text(
      '--resume <file>',
      'keep the answers in this file, a JSON document a line, and go on where a run with it was stopped',
    ),
    kernel: text(
      '--kernel <kernel|host|all>',
      'the kernel that restores: as uname -r prints it, host for this machine’s, a profile (vits kernels lists them), or all',
    ),
    whyHang: flag('--why-hang', 'say what would hang the guest after a restore, the surest first, and leave out what would not'),
    verbose: flag(
      '-v, --verbose',
      'name the rule by which each witness speaks (vits explain tells what it is); of several files, the report of each',
    ),
    strict: flag('--strict', 'count harmless leftovers as problems'),
    guestKernel,
    vgicItsState,
    ...moreFiles,
    ...limits,
  },
})
