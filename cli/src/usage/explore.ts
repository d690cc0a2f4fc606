import { moreFiles } from '../options/files.ts'
import { guestKernel } from '../options/guest-kernel.ts'
import { limits } from '../options/limits.ts'
import { flag, text } from '../options/option.ts'
import { usage } from '../usage.ts'

/** Writes a page that shows why a saved VM will not come back. */
export const explore = usage({
  name: 'explore',
  args: '<file...>',
  summary: 'write a page that shows why a VM will not come back: one file, for any browser, without network',
  details:
    'Each device in the order in which the kernel reads the tables: what the guest did with it, what lies in RAM, what comes back; the\n' +
    'chain from its DeviceID to the vCPU; other kernels; what a repair changes; what the guest had mapped at any moment of its history.\n' +
    'Of two saves of one VM, also what changed between them. The page carries a case (vits extract) and works everything out itself.\n' +
    'Exit status as vits check.',
  examples: [
    'explore vm.migr -o report.html',
    'explore --scrub vm.migr -o report.html',
    'explore before.migr after.migr -o report.html',
  ],
  options: {
    output: text('-o, --output <file>', 'where to write the page'),
    kernel: text('--kernel <kernel>', 'the kernel that the page begins with: as uname -r prints it, or a profile (vits kernels)'),
    scrub: flag('--scrub', 'blank what is not the ITS’s in the pages of guest RAM that it carries'),
    guestKernel,
    force: flag('--force', 'replace the output file if there is one'),
    ...moreFiles,
    ...limits,
  },
})
