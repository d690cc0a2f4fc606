import { hex } from '../../abi/index.ts'
import { problem } from './problem.ts'

export const lpiProblems = {
  L401: problem<{ readonly base: number; readonly lpi: number }>({
    slug: 'lpi-configuration-outside-ram',
    usually: 'fails',
    describe: ({ base, lpi }) => `The configuration byte of LPI ${lpi} is not in guest RAM; the table begins at ${hex(base)}.`,
    fix: 'give the VM the memory it was saved with',
    remedies: ['fix', 'drop'],
    help: {
      what: 'KVM cannot read the priority and enable bit of an LPI that an event maps.',
      why: 'GICR_PROPBASER is 0 or damaged, the LPI is rubbish, or the VM has less memory than it was saved with.',
      when: 'When the first event with this LPI is restored.',
      outcome: 'RESTORE_TABLES fails with EFAULT.',
      fix: 'Restore GICR_PROPBASER before the tables, with the memory the VM was saved with. Clear the entry if the event is dead.',
      see: 'Arm IHI 0069, "LPI Configuration tables"',
    },
  }),
  L402: problem<{ readonly vcpuId: number; readonly lpi: number }>({
    slug: 'lpi-pending-outside-ram',
    usually: 'fails',
    describe: ({ vcpuId, lpi }) => `The pending bit of LPI ${lpi} on vCPU ${vcpuId} is not in guest RAM.`,
    fix: 'give the VM the memory it was saved with',
    remedies: ['fix', 'drop'],
    help: {
      what: 'KVM cannot read the pending bit of an LPI in the table of the vCPU it is sent to.',
      why: 'GICR_PENDBASER is 0 or damaged, or the VM has less memory than it was saved with.',
      when: 'When an event with this LPI is restored.',
      outcome: 'RESTORE_TABLES fails with EFAULT.',
      fix: 'Restore GICR_PENDBASER of every vCPU before the tables, with the memory the VM was saved with.',
      see: 'Arm IHI 0069, "LPI Pending tables"',
    },
  }),
  L403: problem<{ readonly lpi: number; readonly vcpuId: number; readonly count: number }>({
    slug: 'pending-without-event',
    usually: 'note',
    describe: ({ lpi, vcpuId, count }) =>
      `${count} pending bits on vCPU ${vcpuId}, the first for LPI ${lpi}, belong to no event that is mapped to it.`,
    fix: 'none needed',
    help: {
      what: 'A pending table has bits set for LPIs that no mapped event sends to this vCPU.',
      why: 'The event was unmapped or moved while its interrupt was pending.',
      when: 'When an event with this LPI is mapped to the vCPU again.',
      outcome: 'The guest may take one interrupt that nobody sent. Drivers must bear that anyway.',
      fix: 'None needed.',
      see: 'Arm IHI 0069, "LPI Pending tables"',
    },
  }),
} as const
