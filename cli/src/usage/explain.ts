import { flag } from '../option.ts'
import { usage } from '../usage.ts'

/** Says what a problem is, why it happens and what mends it; of a rule, what it lets a witness say. */
export const explain = usage({
  name: 'explain',
  args: '[problem...]',
  summary: 'say what a problem is, why it happens and what mends it',
  details: 'A rule, as a finding names it beside each witness: what it lets the witness say, and where it must be silent.',
  examples: ['explain D203', 'explain ite-hides-events', 'explain R-chain-gap', 'explain'],
  options: { json: flag('--json', 'print one JSON document') },
})
