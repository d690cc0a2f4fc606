import { flag } from '../options/option.ts'
import { usage } from '../usage.ts'

/** The kernels whose behaviour is known, and how each differs from the newest. */
export const kernels = usage({
  name: 'kernels',
  args: '[kernel...]',
  summary: 'list the kernels whose behaviour is known, and how each differs',
  examples: ['kernels', 'kernels linux-5.10', 'kernels 6.1.0-28-arm64', 'kernels host', 'kernels --json'],
  options: { json: flag('--json', 'print one JSON document') },
})
