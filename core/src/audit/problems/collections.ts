import { hex } from '../../abi/index.ts'
import { problem, see } from './problem.ts'

export const collectionProblems = {
  C101: problem<{ readonly icid: number; readonly rdBase: number; readonly vcpus: number }>({
    slug: 'rdbase-without-vcpu',
    usually: 'fails',
    describe: ({ icid, rdBase, vcpus }) =>
      `Collection ${icid} targets RDbase ${hex(rdBase)}, which names none of the ${vcpus} vCPUs.`,
    fix: 'take the entry out of the collection list, or restore with the same vCPUs',
    remedies: ['collections'],
    answers: { 'restore-tables': ['EINVAL'] },
    help: {
      what: 'A collection table entry names a redistributor that the restored VM does not have.',
      why: 'The VM is restored with fewer vCPUs than it was saved with, or the table page is damaged.',
      when: 'When the collection table is read, before any device.',
      outcome: 'RESTORE_TABLES fails with EINVAL.',
      fix: 'Start the VM with the vCPUs it was saved with. If the entry is rubbish, take it out and close the list.',
      see: see.abi,
    },
  }),
  C102: problem<{ readonly icid: number }>({
    slug: 'icid-listed-twice',
    usually: 'fails',
    describe: ({ icid }) => `Collection ${icid} is listed twice.`,
    fix: 'take the second entry out of the collection list',
    remedies: ['collections'],
    answers: { 'restore-tables': ['EEXIST'] },
    help: {
      what: 'Two entries of the collection list carry the same ICID.',
      why: 'The list lost its end mark, so that leftovers of an earlier, longer list are read as if they were part of it.',
      when: 'When the collection table is read, before any device.',
      outcome: 'RESTORE_TABLES fails with EEXIST.',
      fix: 'End the list after its last true entry; the command queue tells which target is the right one.',
      see: see.abi,
    },
  }),
  C103: problem<{ readonly icid: number; readonly entries: number }>({
    slug: 'icid-past-table',
    usually: 'fails',
    describe: ({ icid, entries }) => `Collection ${icid} is past the collection table, which has room for ${entries}.`,
    fix: 'take the entry out of the collection list',
    remedies: ['collections'],
    answers: { 'restore-tables': ['EINVAL'] },
    help: {
      what: 'A collection number cannot be stored in a table of the size that GITS_BASER1 gives.',
      why: 'Leftovers read as entries because the list lost its end mark, or GITS_BASER1 is damaged.',
      when: 'When the collection table is read, before any device.',
      outcome: 'RESTORE_TABLES fails with EINVAL; kernels before 5.19 skip the entry.',
      fix: 'Take the entry out and close the list.',
      see: see.abi,
    },
  }),
  C104: problem<{ readonly base: number; readonly bytes: number }>({
    slug: 'collection-table-outside-ram',
    usually: 'fails',
    describe: ({ base, bytes }) => `The collection table, ${hex(bytes)} bytes at ${hex(base)}, is not all in guest RAM.`,
    fix: 'give the VM the memory it was saved with',
    answers: { 'restore-tables': ['EFAULT'] },
    help: {
      what: 'GITS_BASER1 points at an address where the restored VM has no RAM.',
      why: 'The VM is restored with less memory or another memory layout, or the register is damaged.',
      when: 'When the collection table is read, before any device.',
      outcome: 'RESTORE_TABLES fails with EFAULT.',
      fix: 'Start the VM with the memory it was saved with.',
      see: see.restore,
    },
  }),
  C105: problem<{ readonly icid: number; readonly rdBase: number | undefined }>({
    slug: 'collection-lost',
    usually: 'corrupts',
    describe: ({ icid, rdBase }) =>
      `The guest mapped collection ${icid}${rdBase === undefined ? '' : ` to RDbase ${rdBase}`}; a restore does not find it.`,
    fix: 'rebuild the collection list from the command queue',
    remedies: ['collections'],
    help: {
      what: 'A collection that the guest uses is not in the list that a restore reads.',
      why: 'The list is cut short by an entry that is not valid, or its page was not written to the file.',
      when: 'When the collection table is read. Events of the collection then fail the restore (I302).',
      outcome:
        'EINVAL at the first event of this collection; without such events, interrupts that are moved there later are lost.',
      fix: 'Write the list anew from the MAPC commands in the queue.',
      see: see.abi,
    },
  }),
  C106: problem<{ readonly icid: number; readonly restored: number; readonly believed: number }>({
    slug: 'collection-misdirected',
    usually: 'corrupts',
    describe: ({ icid, restored, believed }) =>
      `Collection ${icid} comes back on vCPU ${restored}; the guest mapped it to ${believed}.`,
    fix: 'write the RDbase that the guest mapped',
    remedies: ['collections'],
    hang: 'astray',
    help: {
      what: 'The collection table and the command queue name different targets for one collection.',
      why: 'The table in the file is older than the registers and the queue: its page was not saved again after it changed.',
      when: 'At the first interrupt of the collection after the restore.',
      outcome: 'Interrupts arrive at the wrong vCPU, or not at all when that one is offline.',
      fix: 'Write the RDbase of the last MAPC into the entry.',
      see: see.abi,
    },
  }),
  C107: problem<{ readonly icid: number; readonly events: number }>({
    slug: 'collection-unmapped',
    usually: 'latent',
    describe: ({ icid, events }) => `${events} mapped events belong to collection ${icid}, which the guest unmapped.`,
    fix: 'none in the file: save on a kernel with the fix',
    help: {
      what: 'Events are mapped to a collection that has no target any more: the guest sent MAPC with V=0 and kept the events.',
      why: 'A guest error, or a vCPU that goes offline while its events are being moved.',
      when: 'At the next save.',
      outcome:
        'Hosts without c6c156d931c3 dereference NULL (CVE-2026-89912). Later ones write a zero entry that `next` may still point at.',
      fix: 'Nothing the file holds is wrong. Save the VM only on a host with the fix.',
      see: 'CVE-2026-89912; vgic-its.c, vgic_its_save_ite',
    },
  }),
} as const
