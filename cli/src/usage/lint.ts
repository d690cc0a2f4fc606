import { limits } from '../options/limits.ts'
import { flag } from '../options/option.ts'
import { usage } from '../usage.ts'

/** Judges the order of a VMM's ioctls when it saves and restores a VM. */
export const lint = usage({
  name: 'lint',
  args: '[trace...]',
  summary: 'judge the ioctls by which a VMM saves and restores a VM',
  details:
    'A trace is one JSON object a line, as the bpftrace program prints it that --script gives. Each save and each restore in it is held\n' +
    'against what KVM documents: which call belongs before which, which is missing, which comes again, and what KVM does about it.\n' +
    'Most of these mistakes fail no call: the VM runs, and interrupts are missing. KVM_IRQFD and KVM_SET_GSI_ROUTING are not judged.',
  examples: ['lint --script > vits-trace.bt', 'lint trace.jsonl', 'lint --json save.jsonl restore.jsonl'],
  options: {
    script: flag('--script', 'print the bpftrace program that makes a trace'),
    json: flag('--json', 'print one JSON document'),
    ...limits,
  },
})
