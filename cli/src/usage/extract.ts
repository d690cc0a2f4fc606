import { moreFiles } from '../options/files.ts'
import { limits } from '../options/limits.ts'
import { flag, text } from '../options/option.ts'
import { usage } from '../usage.ts'

/** Takes out of a saved VM what decides about its interrupts, small enough to send and without the guest's data. */
export const extract = usage({
  name: 'extract',
  args: '<file>',
  summary: 'write a case file: what decides about the interrupts, and nothing else of the VM',
  details:
    'Registers, MSI and virtio state of the PCI functions, and the pages that hold ITS tables, ITTs, the command queue, the LPI tables\n' +
    'and the indices of virtqueues.\n' +
    'A case opens like the saved VM itself (check, show, repair, prove). ITTs are small: their pages hold other guest data too,\n' +
    'which --scrub blanks. The format is in docs/formats/case.md.',
  examples: ['extract vm.migr -o vm.vits', 'extract --scrub vm.migr -o vm.vits', 'extract --guest-kernel vm.migr -o vm.vits'],
  options: {
    output: text('-o, --output <file>', 'where to write the case (gzip, or as FILE.zst zstd)'),
    scrub: flag('--scrub', 'blank what is not the ITS’s in those pages'),
    guestKernel: flag('--guest-kernel', 'keep also what the guest’s kernel knows of its devices: its list, and its BTF'),
    force: flag('--force', 'replace the output file if there is one'),
    ...moreFiles,
    ...limits,
  },
})
