import { moreFiles } from '../options/files.ts'
import { limits } from '../options/limits.ts'
import { flag } from '../options/option.ts'
import { usage } from '../usage.ts'

/** Lists the guest RAM that KVM itself writes on a save and reads on a restore: what a snapshot tool must not lose. */
export const pages = usage({
  name: 'pages',
  args: '<file>',
  summary: 'list the guest RAM that a save writes and a restore reads',
  details:
    'KVM writes tables and pending bits itself when it saves: a tool that tracks what the guest writes does not see it, and a\n' +
    'restore without those pages fails with EFAULT or EINVAL, or loses interrupts. w: a save may write it. r: a restore may read it.',
  examples: ['pages vm.migr', 'pages --json vm.migr'],
  options: { json: flag('--json', 'print one JSON document'), ...moreFiles, ...limits },
})
