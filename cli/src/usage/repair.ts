import { moreFiles } from '../options/files.ts'
import { guestKernel } from '../options/guest-kernel.ts'
import { vgicItsState } from '../options/kvm-lists.ts'
import { limits } from '../options/limits.ts'
import { choice, flag, list, text } from '../options/option.ts'
import { usage } from '../usage.ts'

/** Mends a saved VM: plans, proves, writes. */
export const repair = usage({
  name: 'repair',
  args: '<file>',
  summary: 'mend a saved VM so that its interrupts come back',
  details:
    'Changes as few words of guest RAM as possible, and registers that are not the guest’s, and names each. The plan is applied to a copy in memory, audited again and\n' +
    'restored as every known kernel does; only what is proven good is written. Without -p, --fix or -y: as -p.\n' +
    'The rest of the file stays as it is, byte for byte; a compressed file is written uncompressed, unless -o\nnames FILE.zst or FILE.gz, which is compressed so.\nA pipe (- is standard input) is repaired into a new file only.\n' +
    'Of a VM that needs no repair, -o writes a copy: the file that was asked for is there afterwards whenever the exit status is 0.',
  examples: [
    'repair -n vm.migr',
    'repair -p vm.migr -o vm.fixed.migr',
    'repair --in-place vm.migr',
    'repair --fix D203,I303 vm.migr -o vm.fixed.migr',
    'repair --rebuild vm.migr -o vm.fixed.migr',
  ],
  options: {
    output: text(
      '-o, --output <file>',
      'where to write the repaired VM (of several files: a new folder); it appears only when it is complete',
    ),
    inPlace: flag('--in-place', 'change the file itself; FILE.undo is written first (vits undo FILE)'),
    force: flag('--force', 'replace the output file if there is one'),
    dryRun: flag('-n, --dry-run', 'show the plan and write nothing'),
    proven: flag('-p, --proven', 'only what is proven and loses nothing the guest uses'),
    fix: list('--fix <codes>', 'only these problems, proven or not: D203,orphan-ite'),
    yes: flag('-y, --yes', 'everything: also what is inferred, written from the command queue, or loses what cannot be saved'),
    rebuild: flag('--rebuild', 'write all tables and ITTs anew from the command queue'),
    strict: flag('--strict', 'also clear harmless leftovers of a VM that restores cleanly'),
    seal: flag('--seal', 'make the chains such that kernels before 6.0.6 follow them too'),
    heads: choice(
      '--heads <heads>',
      'dummy heads: left as they are (a stale one is a leftover), written as vits writes them, or cleared',
      ['keep', 'ours', 'none'],
    ),
    kernel: text(
      '--kernel <kernel|host>',
      'the kernel that must restore it: as uname -r prints it, host for this machine’s, or a profile (vits kernels lists them)',
    ),
    guestKernel,
    vgicItsState,
    exitCode: flag('--exit-code', 'exit with 1 where the VM was repaired, as fsck(8) does (without: 0, so that set -e goes on)'),
    json: flag('--json', 'print one JSON document'),
    ...moreFiles,
    ...limits,
  },
})
