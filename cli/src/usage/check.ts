import { moreFiles } from '../files-option.ts'
import { guestKernel } from '../guest-kernel-option.ts'
import { vgicItsState } from '../kvm-lists-option.ts'
import { limits } from '../limits.ts'
import { flag, text } from '../option.ts'
import { usage } from '../usage.ts'

/** Says whether the interrupts of saved VMs will come back. Never writes. */
export const check = usage({
  name: 'check',
  args: '<file...>',
  eachFile: true,
  summary: 'say whether the interrupts of a saved VM will come back',
  details:
    'Compares what lies in the ITS tables of guest RAM, what KVM makes of it on restore, and what the guest has mapped.\nReads only. A file may be compressed with gzip, zstd, bzip2, xz or lzop, or be a pipe; - is standard input. A folder is the saved VM in it.',
  examples: [
    'check vm.migr',
    'check --json *.migr | jq .verdict',
    'check --kernel linux-5.10 vm.migr',
    'check --kernel host vm.migr',
    'check --kernel all vm.migr',
    'check --why-hang vm.migr',
  ],
  options: {
    json: flag('--json', 'print one JSON document for each file, one a line when there are several'),
    kernel: text(
      '--kernel <kernel|host|all>',
      'the kernel that restores: as uname -r prints it, host for this machine’s, a profile (vits kernels lists them), or all',
    ),
    whyHang: flag('--why-hang', 'say what would hang the guest after a restore, the surest first, and leave out what would not'),
    verbose: flag('-v, --verbose', 'name the rule by which each witness speaks (vits explain tells what it is)'),
    strict: flag('--strict', 'count harmless leftovers as problems'),
    guestKernel,
    vgicItsState,
    ...moreFiles,
    ...limits,
  },
})
