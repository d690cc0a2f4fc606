import { limits } from '../options/limits.ts'
import { usage } from '../usage.ts'

/** Takes a repair in place back. */
export const undo = usage({
  name: 'undo',
  args: '<file>',
  summary: 'take a repair in place back',
  details:
    'Puts back the bytes that `vits repair --in-place FILE` kept in FILE.undo, also when the repair was interrupted, and removes\n' +
    'FILE.undo. Refused when that would not give the file as it was, to the last byte.',
  examples: ['undo vm.migr'],
  options: limits,
})
