import { flag, text, whole } from '../options/option.ts'
import { usage } from '../usage.ts'

/** Says of a VM that runs whether a save of it would come back. */
export const live = usage({
  name: 'live',
  args: '<qmp-socket>',
  summary: 'say whether a VM that runs now would come back from a save',
  details:
    'Connects to the QMP monitor of a running QEMU (a Unix socket, or host:port on this machine), pauses the VM, has QEMU write the\n' +
    'state of its devices and some pages of RAM, and lets it go on: also after an error, a signal, or a lost connection.\n' +
    'A VM that was paused stays so. The pause is some milliseconds, as a snapshot has it, and as with every pause KVM writes its\n' +
    'tables into RAM; nothing else changes. A monitor has one client: use one that nothing else is connected to. QEMU writes files\n' +
    'for vits to read, which are removed; file descriptors cannot be passed by Node. docs/formats/live.md has more.',
  examples: [
    'live /run/vm.qmp',
    'live --kernel 6.1.0-28-arm64 /run/vm.qmp',
    'live -o vm.vits /run/vm.qmp',
    'live --dir /var/lib/libvirt/qemu /run/vm.qmp',
  ],
  options: {
    json: flag('--json', 'print one JSON document'),
    kernel: text(
      '--kernel <kernel|host|all>',
      'the kernel that would restore: as uname -r prints it, host for this machine’s, a profile, or all',
    ),
    output: text('-o, --output <file>', 'write a case of it (gzip), which opens like a saved VM'),
    force: flag('--force', 'replace the output file if there is one'),
    maxPause: whole('--max-pause <ms>', 'let the VM go on after so many milliseconds, whatever has been read', {
      initial: 1000,
      least: 1,
      most: 3_600_000,
    }),
    dir: text(
      '--dir <folder>',
      'the folder for what QEMU writes, if it cannot write to a private one of vits (another user, a sandbox)',
    ),
    strict: flag('--strict', 'count harmless leftovers as problems'),
    guestKernel: flag('--guest-kernel', 'search RAM for what the guest’s kernel knows of its devices, while the VM is paused'),
  },
})
