import { flag } from '../options/option.ts'
import { usage } from '../usage.ts'

/** Says what a problem, an errno or a message means, and what mends it; of a rule, what it lets a witness say. */
export const explain = usage({
  name: 'explain',
  args: '[what...]',
  summary: 'say what a problem, an errno or a message of a VMM or kernel means, and what to do',
  details:
    'A problem by its code or name; without any, all are listed. An errno of the ITS by its name or number.\n' +
    'A message of QEMU, libvirt, Firecracker, Cloud Hypervisor, crosvm, or of the kernel of the guest or the host, as it is printed: which\n' +
    'problems make it, and the next command. A file that is a log, or - for one on standard input: each message in it that is known.\n' +
    'A rule, as a finding names it beside each witness: what it lets the witness say, and where it must be silent.\n' +
    'Exit status 0, 8 for a text or a log of which nothing is known, and 16 for a word that names nothing.',
  examples: [
    'explain D203',
    'explain ite-hides-events',
    'explain EINVAL',
    'explain "KVM_SET_DEVICE_ATTR failed: Group 4 attr 0x0000000000000002: Invalid argument"',
    'explain /var/log/libvirt/qemu/vm.log',
    'explain - < guest.log',
    'explain R-chain-gap',
    'explain',
  ],
  options: { json: flag('--json', 'print one JSON document') },
})
