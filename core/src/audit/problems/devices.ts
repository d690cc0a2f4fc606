import { hex } from '../../abi/index.ts'
import { type Head, headWords } from '../head.ts'
import { deviceName } from '../names.ts'
import { problem, see, staleHeadSee, staleHeadWhy } from './problem.ts'

export interface Device {
  readonly deviceId: number
}

const name = ({ deviceId }: Device) => deviceName(deviceId)

const orphanWhy =
  'Kernels without "Clear DTE when MAPD unmaps a device" leave the old entry in guest RAM. A save only writes mapped devices, so the stale entry survives next to them: after a failed suspend, or a driver that was unbound.'

export const deviceProblems = {
  D201: problem<{ readonly base: number; readonly bytes: number }>({
    slug: 'device-table-outside-ram',
    usually: 'fails',
    describe: ({ base, bytes }) => `The device table, ${hex(bytes)} bytes at ${hex(base)}, is not all in guest RAM.`,
    fix: 'give the VM the memory it was saved with',
    answers: { 'restore-tables': ['EFAULT'] },
    help: {
      what: 'GITS_BASER0 points at an address where the restored VM has no RAM.',
      why: 'The VM is restored with less memory or another memory layout, or the register is damaged.',
      when: 'When the scan of the device table reaches the first missing page.',
      outcome: 'RESTORE_TABLES fails with EFAULT.',
      fix: 'Start the VM with the memory it was saved with.',
      see: see.restore,
    },
  }),
  D202: problem<Device & { readonly bits: number }>({
    slug: 'dte-size-out-of-range',
    usually: 'fails',
    describe: (d) => `${name(d)} claims ${d.bits} EventID bits; KVM has 16.`,
    fix: 'clear the entry',
    remedies: ['fix', 'history', 'drop'],
    answers: { 'restore-tables': ['EINVAL'] },
    stalls: true,
    help: {
      what: 'The size field of a device table entry asks for more events than an ITS of KVM has.',
      why: 'The entry is rubbish: the table page holds other data, or the guest wrote into its own device table.',
      when: 'When the scan reaches the entry.',
      outcome: 'EINVAL. Hosts without 9ce754ed8e7a read up to 2^32 entries with all vCPUs locked instead: a soft lockup.',
      fix: 'Clear the eight bytes. No device of KVM can have such a size, so nothing live is lost.',
      see: see.abi,
    },
  }),
  D203: problem<Device>({
    slug: 'orphan-dte',
    usually: 'fails',
    describe: (d) => `${name(d)} is still valid in the device table; the guest unmapped it.`,
    fix: 'clear the entry',
    remedies: ['fix'],
    recode: { ending: 'D207', unvisited: 'D204' },
    answers: { 'restore-tables': ['EINVAL', 'EFAULT'] },
    help: {
      what: 'A device table entry is valid though the guest unmapped the device, and a restore visits it.',
      why: orphanWhy,
      when: 'Only orphans on which the scan steps: before the first mapped DeviceID of the table or of a second-level page, after a capped `next`. Others are shadowed (D204).',
      outcome:
        'KVM walks an ITT the guest has freed. Whatever lies there now decides: EINVAL, EFAULT, or a dead device with dead events comes back.',
      fix: 'Clear the eight bytes. Nothing the guest uses is lost.',
      see: `${see.abi}; ${see.orphans}`,
    },
  }),
  D204: problem<Device>({
    slug: 'shadowed-dte',
    usually: 'latent',
    describe: (d) => `${name(d)} is still valid in the device table; the guest unmapped it, and the chain jumps over it.`,
    fix: 'clear the entry',
    remedies: ['fix'],
    help: {
      what: 'A device table entry is valid though the guest unmapped the device, at a place no restore visits now.',
      why: orphanWhy,
      when: 'After a change: when the live entry before it goes away, or another stale entry is cleared, the scan steps on it.',
      outcome: 'Nothing now. Later what D203 and D207 do.',
      fix: 'Clear the eight bytes. Nothing the guest uses is lost.',
      see: `${see.abi}; ${see.orphans}`,
    },
  }),
  D205: problem<Device & { readonly ittAddr: number; readonly bytes: number }>({
    slug: 'itt-outside-ram',
    usually: 'fails',
    describe: (d) => `The ITT of ${name(d)}, ${hex(d.bytes)} bytes at ${hex(d.ittAddr)}, is not all in guest RAM.`,
    fix: 'clear the entry if the device is dead; else give the VM the memory it was saved with',
    remedies: ['fix', 'history', 'drop'],
    answers: { 'restore-tables': ['EFAULT'] },
    help: {
      what: 'A device table entry points at an ITT where the restored VM has no RAM.',
      why: 'The entry is an orphan of memory that was unplugged, it is rubbish, or the VM has less memory than it was saved with.',
      when: 'When the scan of that ITT reaches the missing address.',
      outcome: 'RESTORE_TABLES fails with EFAULT.',
      fix: 'Start the VM with the memory it was saved with. If no device of the guest has this DeviceID, clear the eight bytes.',
      see: see.restore,
    },
  }),
  D206: problem<Device & { readonly other: number; readonly otherIsDead: boolean }>({
    slug: 'itt-overlap',
    usually: 'corrupts',
    describe: (d) =>
      `The ITT of ${name(d)} shares memory with the ITT of ${deviceName(d.other)}${d.otherIsDead ? ', which is an orphan' : ''}.`,
    fix: 'clear the entry of the dead device',
    remedies: ['fix'],
    sharesEntry: true,
    help: {
      what: 'Two valid device table entries use the same memory for their interrupt translation tables.',
      why: 'One of them is an orphan whose ITT the guest freed and gave to the other device.',
      when: 'When a restore visits both.',
      outcome:
        "The dead device comes back with the live one's events: the same LPIs are claimed twice, and its own MAPD V=0 later clears nothing of use.",
      fix: 'Clear the entry of the device that the guest does not have mapped.',
      see: see.abi,
    },
  }),
  D207: problem<Device>({
    slug: 'orphan-ends-scan',
    usually: 'corrupts',
    describe: (d) => `${name(d)} is an orphan with next=0: a restore takes it for the last device and stops there.`,
    fix: 'clear the entry',
    remedies: ['fix'],
    help: {
      what: 'A stale device table entry that was once the last of its chain lies where a restore visits it before live ones.',
      why: orphanWhy,
      when: 'When the scan steps on it: at the head of the table or of a second-level page, after a capped `next`.',
      outcome:
        'The scan ends, first level included. RESTORE_TABLES answers 0, and every device behind the entry is lost without a word.',
      fix: 'Clear the eight bytes, and any orphan that the scan reaches once this one no longer ends it.',
      see: see.scan,
    },
  }),
  D208: problem<Device & { readonly next: number; readonly entries: number }>({
    slug: 'dte-next-past-table',
    usually: 'latent',
    describe: (d) => `next of ${name(d)} points ${d.next} entries on, past the device table's ${d.entries} entries.`,
    fix: 'rewrite next to the distance of the next live device, 0 if none',
    remedies: ['chain'],
    help: {
      what: 'The chain of the device table leads out of the table.',
      why: 'The entry is stale or rubbish, or GITS_BASER0 shrank after the table was saved.',
      when: 'When the scan visits the entry.',
      outcome:
        'The scan ends there with success; live devices behind it are lost. Kernels before 6.0.6 read on past the table (EFAULT).',
      fix: 'Rewrite `next`.',
      see: see.scan,
    },
  }),
  D209: problem<Device & { readonly valid: boolean }>({
    slug: 'device-lost',
    usually: 'corrupts',
    describe: (d) =>
      `The guest has ${name(d)} mapped; ${d.valid ? 'no restore visits its entry' : 'the device table has no entry for it'}.`,
    fix: 'rebuild the device table from the command queue',
    remedies: ['chain', 'history'],
    loss: true,
    help: {
      what: 'A device that the guest uses does not come back.',
      why: 'Its table page is missing from the file or older than the rest, or a `next` jumps over it.',
      when: 'At the first interrupt of the device after the restore.',
      outcome: 'Its MSIs are dropped. The driver waits for ever or times out.',
      fix: 'Write the entry and its ITT anew from the MAPD and MAPTI commands in the queue.',
      see: see.restore,
    },
  }),
  D210: problem<Device & { readonly l2: number }>({
    slug: 'l2-page-outside-ram',
    usually: 'fails',
    describe: (d) => `The second-level page for DeviceIDs from ${hex(d.deviceId)} on, at ${hex(d.l2)}, is not in guest RAM.`,
    fix: 'give the VM the memory it was saved with',
    answers: { 'restore-tables': ['EFAULT'] },
    help: {
      what: 'A valid first-level entry of a two-level device table points at an address without RAM.',
      why: 'The VM is restored with less memory, or the first-level table holds rubbish.',
      when: 'When the scan reaches that page.',
      outcome: 'RESTORE_TABLES fails with EFAULT.',
      fix: 'Start the VM with the memory it was saved with. If the guest has no device in that range, clear the first-level entry.',
      see: see.restore,
    },
  }),
  D211: problem<{ readonly devices: number }>({
    slug: 'tables-never-written',
    usually: 'corrupts',
    describe: ({ devices }) => `The ITS is enabled and the guest has ${devices} devices mapped, but the tables hold none.`,
    fix: 'save again with KVM_DEV_ARM_ITS_SAVE_TABLES, or rebuild the tables from the command queue',
    remedies: ['history'],
    loss: true,
    help: {
      what: 'Guest RAM was saved without the tables that KVM writes there.',
      why: 'The VMM did not call KVM_DEV_ARM_ITS_SAVE_TABLES, called it after copying RAM, or did not copy the pages that KVM wrote.',
      when: 'At the restore.',
      outcome: 'The restore succeeds with nothing in it, and every MSI of the guest is dropped.',
      fix: 'Save again, tables before RAM. If the VM is gone, the tables can be rebuilt while the command queue has not wrapped.',
      see: see.restore,
    },
  }),
  D212: problem<Device & { readonly table: string; readonly guest: string }>({
    slug: 'dte-disagrees',
    usually: 'corrupts',
    describe: (d) => `The entry of ${name(d)} has ${d.table}; the guest mapped it with ${d.guest}.`,
    fix: 'rewrite the entry as the guest mapped it',
    remedies: ['history'],
    help: {
      what: 'A device table entry and the last MAPD of its device name different ITTs or sizes.',
      why: 'The entry is older than the queue: the device was unmapped and mapped again, and its table page was not saved after that.',
      when: 'When the scan visits the entry.',
      outcome: 'Events of an earlier life of the device come back, or what now lies in its old ITT.',
      fix: 'Rewrite the entry from the MAPD command.',
      see: see.abi,
    },
  }),
  D213: problem<Device & { readonly next: number; readonly left: number }>({
    slug: 'dte-next-past-page',
    usually: 'fails',
    describe: (d) => `next of ${name(d)} jumps ${d.next} entries on, past the ${d.left} that are left of its table page.`,
    fix: 'cut next to the distance of the page end',
    remedies: ['fix'],
    answers: { 'restore-tables': ['EFAULT', 'EINVAL'] },
    help: {
      what: 'A jump of the device chain ends behind its block: a second-level page, or the whole of a flat table.',
      why: 'Saves write the distance to the next device, or the cap, across page boundaries. The kernels concerned save so themselves.',
      when: 'On kernels before 6.0.6 ("Fix exit condition in scan_its_table()", c000a2607145): they compare sizes that have wrapped.',
      outcome:
        'The scan goes on behind the page and takes what lies there for device table entries: mostly EFAULT at the end of RAM.',
      fix: 'Cut `next` so that the jump ends exactly with the page: every kernel then goes on with the next page.',
      see: see.scan,
    },
  }),
  D214: problem<{ readonly devices: number }>({
    slug: 'no-last-entry',
    usually: 'fails',
    describe: ({ devices }) =>
      `No entry of the device table is marked as the last: ${devices === 1 ? '1 mapped device has' : `${devices} mapped devices have`} no event.`,
    fix: 'restore on Linux 4.15 or later',
    answers: { 'restore-tables': ['EINVAL'] },
    help: {
      what: 'A scan that meets no entry with `next` = 0 is an error for the first kernel with save and restore.',
      why: 'The table or the ITT has no valid entry: the guest has no device mapped, or a device without an event.',
      when: 'On Linux before 4.15 only.',
      outcome: 'RESTORE_TABLES fails with EINVAL.',
      fix: 'No bytes can help: an empty table has no last entry. Restore on a later kernel.',
      see: see.scan,
    },
  }),
  D215: problem<Device & { readonly other: number | undefined; readonly events: number; readonly isDisabled: boolean }>({
    slug: 'device-perhaps-lost',
    usually: 'corrupts',
    describe: (d) =>
      `${name(d)} ${d.events === 0 ? 'without a live event' : `with ${d.events === 1 ? '1 event' : `${d.events} events`}`} may be live and is not reached; ${
        d.other === undefined
          ? 'no witness knows whether the guest has it.'
          : `${deviceName(d.other)}, which comes back, has the same ITT, and no witness knows which of the two the guest has.`
      }${d.isDisabled ? ' No LPI of it is enabled.' : ''}`,
    fix: 'bring it back; or find out whether the guest has it, and clear its entry if not',
    remedies: ['chain'],
    perhaps: true,
    hang: 'perhaps',
    help: {
      what: 'A device table entry is valid, no restore visits it, and nobody tells whether it is the stale one or an entry before it, which leads past it.',
      why: `${orphanWhy} The distance in a stale entry is of an earlier save: it may lead past devices that were mapped since.`,
      when: 'Where the ring is no witness (gone round, cleared by the guest, or damaged) and no PCI function speaks.',
      outcome:
        'If the entry that is not visited is the live one, its MSIs are dropped after a restore that succeeds. Where none of its events may be live, or no LPI of them is enabled, that is a note: a driver disables an LPI before it frees it, and what is disabled has no interrupt to lose until the guest enables it.',
      fix: 'Make the chain visit all: what is live is not lost then. Or look which device the guest has, and clear the other entry.',
      see: `${see.scan}; ${see.orphans}`,
    },
  }),
  D216: problem<Head>({
    slug: 'stale-dte-head',
    usually: 'latent',
    describe: (d) => `The head of the device table${d.deviceId === 0 ? '' : ` at ${name(d)}`} ${headWords(d)}.`,
    fix: 'clear the head',
    remedies: ['fix'],
    help: {
      what: 'A dummy head, the entry with 0xdafe at index 0 of the device table or of a second-level page, names another device than the first live one.',
      why: staleHeadWhy,
      when: 'Only on kernels that follow heads: none that was released does.',
      outcome:
        'They jump to the device that it names, so those before it are lost with success; or they end there, or take what lies there for an entry. To all other kernels it is an entry that is not valid.',
      fix: 'Clear the eight bytes: the scan then reads entry by entry to the first device. Nothing the guest uses is lost.',
      see: staleHeadSee,
    },
  }),
} as const
