import { its } from '../options/its.ts'
import { limits } from '../options/limits.ts'
import { choice, flag } from '../options/option.ts'
import { usage } from '../usage.ts'

/** Compares two saves of one VM. */
export const diff = usage({
  name: 'diff',
  args: '<a> <b>',
  summary: 'say what changed between two saves of one VM',
  details:
    'guest: what the guest mapped, unmapped and moved. tables: what is valid in RAM. restored: what a restore brings back.\n' +
    'And what the guest unmapped in between and is still valid in RAM: what became an orphan. What several views have in common is told once.\n' +
    'Exit status 0 when there is no difference, 1 when there are some.',
  examples: ['diff before.migr after.migr', 'diff --view guest before.migr after.migr', 'diff --json before.migr after.migr'],
  options: {
    view: choice('--view <view>', 'one view only', ['all', 'guest', 'tables', 'restored']),
    its,
    json: flag('--json', 'print one JSON document'),
    ...limits,
  },
})
