import type { QuirkName } from '../../abi/index.ts'
import type { Limit } from '../../budget/index.ts'
import { problem, see } from './problem.ts'

export const fileProblems = {
  M701: problem<{ readonly count: number; readonly looked: readonly number[] }>({
    slug: 'several-itses',
    usually: 'note',
    describe: ({ count, looked }) =>
      `The VM has ${count} ITSes; only ${looked.length === 1 && looked[0] === 0 ? 'the first is' : `ITS ${looked.join(', ')} ${looked.length === 1 ? 'is' : 'are'}`} looked at.`,
    fix: 'none',
    help: {
      what: 'The file holds the state of more than one ITS.',
      why: 'The VMM gave the VM several.',
      when: 'Only this report is concerned.',
      outcome: 'Nothing is said about the others.',
      fix: 'None.',
      see: see.restore,
    },
  }),
  M702: problem<{ readonly what: string; readonly pages: number }>({
    slug: 'table-page-missing',
    usually: 'fails',
    describe: ({ what, pages }) =>
      `The file has no record of ${pages === 1 ? 'a page' : `${pages} pages`} of ${what} that a restore reads.`,
    fix: 'save again with the pages that KVM wrote, or rebuild the tables from the command queue',
    isGap: true,
    answers: { 'restore-tables': ['EFAULT'] },
    help: {
      what: 'A page that KVM reads during a restore is not in the file.',
      why: 'Diff snapshots that follow only what vCPUs wrote miss the pages that KVM itself wrote while saving its tables.',
      when: 'At the restore, when the scan reaches the page.',
      outcome:
        'EFAULT, or the page reads as zeros or as what it held before: devices are lost or come back from an earlier life.',
      fix: 'Let the VMM add the pages that the dirty bitmap names after SAVE_TABLES. The command queue, if whole, tells what belongs there.',
      see: 'arm-vgic-its.rst "KVM_DEV_ARM_ITS_SAVE_TABLES"; KVM_DIRTY_LOG_RING_WITH_BITMAP',
    },
  }),
  M703: problem<{ readonly limit: Limit; readonly entries: number }>({
    slug: 'tables-too-large',
    usually: 'latent',
    describe: ({ limit, entries }) =>
      limit === 'work'
        ? `The tables are more work than the budget has: a restore was followed through ${entries} entries.`
        : `Not all of the tables and the command queue was read: they have more bytes than the budget.`,
    fix: 'none: no sane guest needs such tables',
    isGap: true,
    blocks: { what: 'repair', because: 'the tables are larger than what can be looked at' },
    stalls: true,
    help: {
      what: 'The tables describe more entries than any real VM has: shared ITTs, thousands of devices with the largest ITTs.',
      why: 'The guest built them on purpose, or the table pages hold rubbish.',
      when: 'At the restore.',
      outcome: 'KVM reads them all with every vCPU locked: minutes, and a soft lockup on the host.',
      fix: 'None. Do not restore this VM on a host that others use.',
      see: see.scan,
    },
  }),
  M704: problem<{ readonly limit: number }>({
    slug: 'too-many-findings',
    usually: 'note',
    describe: ({ limit }) => `There are more findings than the ${limit} that the budget lets a report list.`,
    fix: 'allow more findings',
    isGap: true,
    blocks: { what: 'repair', because: 'there are more findings than a report lists' },
    help: {
      what: 'There are more problems than a report lists.',
      why: 'The table pages hold other data altogether, or a guest filled them on purpose.',
      when: 'Only this report is concerned.',
      outcome: 'The verdict counts all of them; the list does not show them.',
      fix: 'None for tables that hold rubbish. A library that embeds vits can allow more: `findings` in the budget of `inspect`.',
      see: 'docs/api/budget.md',
    },
  }),
  M705: problem<{ readonly count: number; readonly first: string }>({
    slug: 'not-looked-at',
    usually: 'note',
    describe: ({ count, first }) =>
      `${first}${count > 1 ? ` and ${count - 1} more like it` : ''} may lie in RAM whose address the file does not tell: not looked at.`,
    fix: 'none: check the VM where its memory devices are known',
    isGap: true,
    blocks: { what: 'repair', because: 'tables lie in RAM whose address the file does not tell' },
    help: {
      what: 'A table or an ITT lies at an address at which memory may be that was plugged into the VM.',
      why: 'A QEMU stream names its memory and not where it is. Several DIMMs, or one of an odd place, leave that open.',
      when: 'Only this report is concerned.',
      outcome:
        'The restore reads what is there. Nothing is said of these devices: neither that they come back nor that they do not.',
      fix: 'None. Use virtio-mem, whose address is saved, or one DIMM.',
      see: 'QEMU hw/mem/memory-device.c; docs/formats',
    },
  }),
  M706: problem<object>({
    slug: 'lpi-tables-not-looked-at',
    usually: 'note',
    describe: () => 'Not all of the LPI tables was looked at: nothing is said of what is pending there.',
    fix: 'allow more guest RAM to be read',
    isGap: true,
    blocks: { what: 'repair', because: 'not all of the LPI tables was looked at' },
    help: {
      what: 'The configuration and pending tables and all other tables together are more than what may be read.',
      why: 'The caller of the library set a small budget, or the registers name tables of many vCPUs all over RAM.',
      when: 'Only this report is concerned.',
      outcome: 'Whether an interrupt is pending or enabled is not known, and no kernel is judged.',
      fix: 'Allow more: `bytes` in the budget of `inspect`.',
      see: 'docs/api/budget.md',
    },
  }),
  M707: problem<{ readonly queues: number }>({
    slug: 'virtqueues-not-looked-at',
    usually: 'note',
    describe: ({ queues }) =>
      `The ${queues === 1 ? 'ring of a virtqueue was' : `rings of ${queues} virtqueues were`} not looked at: nothing is said of interrupts that were lost there.`,
    fix: 'allow more guest RAM to be read',
    isGap: true,
    blocks: { what: 'repair', because: 'not all of the virtqueues was looked at' },
    help: {
      what: 'All tables and the pages of virtqueues together are more than what may be read.',
      why: 'The caller of the library set a small budget, or the file describes more virtqueues than any machine has.',
      when: 'Only this report is concerned.',
      outcome: 'Whether drivers wait for an interrupt that was lost is not known.',
      fix: 'Allow more: `bytes` in the budget of `inspect`.',
      see: 'docs/api/budget.md',
    },
  }),
  M708: problem<object>({
    slug: 'effects-not-measured',
    usually: 'note',
    describe: () => 'What some of the findings do was not measured: their restores are more work than the budget has.',
    fix: 'allow more work',
    isGap: true,
    blocks: { what: 'repair', because: 'what some of the findings do was not measured' },
    help: {
      what: 'Each finding is measured by a restore with its entry and one without; there was no work left for all of them.',
      why: 'There are thousands of findings in tables of thousands of devices, or somebody made them to be slow.',
      when: 'Only this report is concerned.',
      outcome: 'The verdict is that of the restore itself; what stands with each finding may be less than what it does.',
      fix: 'Allow more: `work` in the budget of `inspect`.',
      see: 'docs/api/budget.md',
    },
  }),
  M709: problem<object>({
    slug: 'guest-kernel-not-searched',
    usually: 'note',
    describe: () =>
      'Not all of RAM was searched for what the guest’s own kernel knows of its devices, and no other witness knows all.',
    fix: 'search all of RAM: --guest-kernel',
    isGap: true,
    blocks: { what: 'repair', because: 'the guest’s own kernel may know more, and not all of RAM was searched for that' },
    help: {
      what: 'The search for the guest kernel’s list of devices ended at the budget, and found none before.',
      why: 'The VM has more RAM than is searched unasked, and the list is far from what was allocated for the ITS; or there is none.',
      when: 'Only this report is concerned.',
      outcome: 'What the command queue does not tell of is unknown, though the kernel’s list may tell.',
      fix: 'Search all of RAM with --guest-kernel, or allow more: `bytes` in the budget of `inspect`.',
      see: 'docs/guests.md; docs/api/budget.md',
    },
  }),
  M710: problem<{ readonly quirks: readonly QuirkName[]; readonly ways: readonly string[] }>({
    slug: 'hangs-on-the-kernel',
    usually: 'note',
    describe: ({ quirks, ways }) =>
      `It is unknown whether the kernel has ${quirks.join(' and ')}, and the restore hangs on that: ${ways.join('; ')}.`,
    fix: 'name the kernel by a release whose history is known, or restore where both ways are well',
    isGap: true,
    ofKernel: true,
    help: {
      what: 'Of the kernel that was named it is unknown whether it has a behaviour, and with it the restore does another thing than without.',
      why: 'Some stable series took a fix at a patch level that nobody has looked up, and vits does not guess.',
      when: 'At the restore, on that kernel.',
      outcome: 'One of the ways that are listed.',
      fix: 'Look up in the changelog of the kernel whether the fix is in, and name a profile that has it or has not. A repair is written only if its result is right both ways.',
      see: 'docs/kernels.md',
    },
  }),
} as const
