import { text } from '../options/option.ts'
import { usage } from '../usage.ts'

/** How an unmapped device comes back, told by the model. */
export const demoOrphan = usage({
  name: 'demo orphan',
  args: '',
  summary: 'tell how an entry that nobody cleared makes a restore fail, or silently wrong, and how a sealed save ends that',
  details:
    'Every answer shown is what the model of the kernel gives. Exit status 0 when the sealed save restores all, 1 otherwise.',
  examples: ['demo orphan', 'demo orphan --kernel linux-6.12.117'],
  options: {
    kernel: text('--kernel <kernel>', 'the kernel to behave like (default: linux-6.6, which leaves unmapped entries)'),
  },
})
