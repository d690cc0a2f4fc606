import { flag } from '../options/option.ts'
import { usage } from '../usage.ts'

const details = `A restore reads a table from its first entry on until it meets a valid one; a dummy head says where that is. One
second-level page, 8192 devices, each with one event near the end of its ITT: restored without heads, with those of the proposal of
November 2024, and with ours, beside the 6 s and 6 ms that were posted for this. Entries read do not depend on the machine, times do: a
kernel copies every entry out of guest RAM, and vits passes over pages that nobody ever wrote at once. The fastest of three restores.
Exit status 0 when each brings back what was mapped and nothing else, 1 otherwise.`

/** What a dummy head saves, beside what was posted. */
export const selftestHeads = usage({
  name: 'selftest heads',
  args: '',
  summary: 'count what a restore reads without dummy heads, with the posted ones and with ours',
  details,
  examples: ['selftest heads', 'selftest heads --json'],
  options: { json: flag('--json', 'print one JSON document') },
})
