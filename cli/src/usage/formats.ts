import { flag } from '../options/option.ts'
import { usage } from '../usage.ts'

/** The formats of saved VMs that are read, and whether a repair can be written back into them. */
export const formats = usage({
  name: 'formats',
  args: '',
  summary: 'list the formats that are read, and what is written back',
  details: 'What a file is shows in what it holds: no name and no option says it. docs/formats has a page for each.',
  examples: ['formats', 'formats --json'],
  options: { json: flag('--json', 'print one JSON document') },
})
