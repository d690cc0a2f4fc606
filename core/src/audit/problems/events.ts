import { type Head, headWords } from '../head.ts'
import { deviceName, eventName } from '../names.ts'
import { problem, see, staleHeadSee, staleHeadWhy } from './problem.ts'

export interface Event {
  readonly deviceId: number
  readonly eventId: number
}

const name = ({ deviceId, eventId }: Event) => eventName(deviceId, eventId)
const Name = (event: Event) => `E${name(event).slice(1)}`

const orphanWhy =
  'DISCARD on kernels without "Clear ITE when DISCARD frees an ITE" leaves the entry; MAPD V=0 never clears an ITT; MAPD V=1 may be given memory that was not zeroed. A save only writes mapped events, so the stale entry survives next to them.'

export interface SharedLpi extends Event {
  readonly lpi: number
  readonly other: Event
  /** ` of ITS 1` when the other event is in another ITS. */
  readonly elsewhere: string
  readonly count: number
}

export const eventProblems = {
  I301: problem<Event & { readonly pintid: number; readonly limit: number }>({
    slug: 'lpi-out-of-range',
    usually: 'fails',
    describe: (d) => `${Name(d)} has pINTID ${d.pintid}; LPIs go from 8192 to ${d.limit - 1}.`,
    fix: 'clear the entry',
    remedies: ['fix', 'history', 'drop'],
    answers: { 'restore-tables': ['EINVAL'] },
    help: {
      what: 'An ITT entry names an interrupt that is no LPI of this VM.',
      why: 'The entry is rubbish: the ITT was freed and holds other data, or GICR_PROPBASER shrank.',
      when: 'When the scan visits the entry.',
      outcome:
        'Below 8192: EINVAL. Above the range KVM does not look: the event comes back with an LPI whose configuration lies behind the table.',
      fix: 'Clear the eight bytes. No event of the guest can have this number.',
      see: see.abi,
    },
  }),
  I302: problem<Event & { readonly icid: number }>({
    slug: 'icid-without-collection',
    usually: 'fails',
    describe: (d) => `${Name(d)} belongs to collection ${d.icid}, which is not in the collection table.`,
    fix: 'clear the entry if the event is dead; else rebuild the collection list',
    remedies: ['fix', 'history', 'drop'],
    answers: { 'restore-tables': ['EINVAL'] },
    help: {
      what: 'An ITT entry names a collection that the restore has not found.',
      why: 'The entry is rubbish or stale, or the collection list lost entries (C105).',
      when: 'When the scan visits the entry.',
      outcome: 'RESTORE_TABLES fails with EINVAL.',
      fix: 'If the guest does not have the event mapped, clear the eight bytes. If it does, the collection list is at fault.',
      see: see.abi,
    },
  }),
  I303: problem<Event>({
    slug: 'orphan-ite',
    usually: 'corrupts',
    describe: (d) => `${Name(d)} is still valid in the ITT; the guest unmapped it.`,
    fix: 'clear the entry',
    remedies: ['fix'],
    recode: { hiding: 'I304', unvisited: 'I309' },
    help: {
      what: 'An ITT entry of a live device is valid though the guest unmapped the event, and a restore visits it.',
      why: orphanWhy,
      when: 'Where the scan steps entry by entry: before the first mapped EventID.',
      outcome: 'A dead event comes back and holds its LPI. When the guest gives that LPI to another event, both raise it.',
      fix: 'Clear the eight bytes. Nothing the guest uses is lost.',
      see: `${see.abi}; ${see.orphans}`,
    },
  }),
  I304: problem<Event>({
    slug: 'ite-hides-events',
    usually: 'corrupts',
    describe: (d, hidden) => `${Name(d)} is stale, and a restore that follows its next passes over ${hidden} live events.`,
    fix: 'clear the entry',
    remedies: ['fix'],
    help: {
      what: 'A stale ITT entry comes back, and its `next` jumps over live events or ends the scan before them.',
      why: orphanWhy,
      when: 'Where the scan steps entry by entry: before the first mapped EventID.',
      outcome: 'RESTORE_TABLES answers 0. The MSIs of the hidden events are dropped without a trace.',
      fix: 'Clear the eight bytes: the first live event becomes the head of the chain again.',
      see: `${see.scan}; ${see.orphans}`,
    },
  }),
  I305: problem<SharedLpi>({
    slug: 'lpi-claimed-twice',
    usually: 'corrupts',
    describe: (d) =>
      d.count === 1
        ? `LPI ${d.lpi} is claimed by ${name(d)} and by ${name(d.other)}${d.elsewhere}.`
        : `LPI ${d.lpi} and ${d.count - 1} more are claimed by ${name(d)} on and by ${name(d.other)}${d.elsewhere} on.`,
    fix: 'clear the entry of the dead event',
    remedies: ['fix'],
    sharesEntry: true,
    help: {
      what: 'Two valid ITT entries raise the same LPI.',
      why: 'One is an orphan: its LPI was freed and given to the other event.',
      when: 'When a restore brings back both.',
      outcome:
        "Both raise the same interrupt. The one that the guest does not know of can interrupt the other's driver at any time.",
      fix: 'Clear the entry of the event that the guest does not have mapped.',
      see: see.abi,
    },
  }),
  I310: problem<SharedLpi>({
    slug: 'lpi-taken',
    usually: 'corrupts',
    describe: (d) =>
      d.count === 1
        ? `LPI ${d.lpi} of ${name(d)} is taken: a restore gives it to ${name(d.other)}${d.elsewhere}, which comes first.`
        : `LPI ${d.lpi} and ${d.count - 1} more of ${name(d)} on are taken: a restore gives them to ${name(d.other)}${d.elsewhere} on, which come first.`,
    fix: 'clear the entry of the dead event',
    remedies: ['fix'],
    loss: true,
    help: {
      what: 'An event that the guest uses does not come back, because an event that the restore reaches before it has the same LPI.',
      why: 'The first is an orphan: its LPI was freed and given to the other event. Or the guest has mapped one LPI for two events.',
      when: 'On kernels with "vgic-its: Don\'t map an LPI from more than one event", Linux 7.3.4 on: their RESTORE_TABLES passes over the second entry.',
      outcome:
        'RESTORE_TABLES answers 0. The MSIs of the second event are dropped without a trace; older kernels bring both events back.',
      fix: 'Clear the entry of the event that the guest does not have mapped. Where it has both, no bytes help: restore on an older kernel.',
      see: `${see.abi}; ${see.orphans}`,
    },
  }),
  I306: problem<Event & { readonly next: number; readonly events: number }>({
    slug: 'ite-next-past-itt',
    usually: 'fails',
    describe: (d) => `next of ${name(d)} points ${d.next} events on, past the ITT's ${d.events} events.`,
    fix: 'clear the entry if the event is dead; else rewrite next',
    remedies: ['fix', 'chain'],
    answers: { 'restore-tables': ['EINVAL'] },
    help: {
      what: 'The chain of an ITT leads out of the ITT.',
      why: 'The entry is rubbish or stale: it was written when the device was mapped with a larger ITT.',
      when: 'When the scan visits the entry.',
      outcome: 'RESTORE_TABLES fails with EINVAL.',
      fix: 'Clear the eight bytes if the guest does not have the event mapped, else rewrite `next`.',
      see: see.scan,
    },
  }),
  I307: problem<Event & { readonly valid: boolean }>({
    slug: 'event-lost',
    usually: 'corrupts',
    describe: (d) =>
      `The guest has ${name(d)} mapped; ${d.valid ? 'no restore visits its entry' : 'the ITT has no entry for it'}.`,
    fix: 'rebuild the ITT from the command queue',
    remedies: ['chain', 'history'],
    loss: true,
    help: {
      what: 'An event that the guest uses does not come back.',
      why: 'Its page is missing from the file or older than the rest, or a `next` jumps over it.',
      when: 'At the next MSI of the event after the restore.',
      outcome: 'The MSI is dropped. A queue of a disk or network card hangs.',
      fix: 'Write the entry anew from the MAPTI and MOVI commands in the queue.',
      see: see.restore,
    },
  }),
  I308: problem<Event & { readonly table: string; readonly guest: string }>({
    slug: 'event-misdirected',
    usually: 'corrupts',
    describe: (d) => `${Name(d)} comes back as ${d.table}; the guest mapped it as ${d.guest}.`,
    fix: 'rewrite the entry as the guest mapped it',
    remedies: ['history'],
    hang: 'astray',
    help: {
      what: 'An ITT entry and the commands of the guest name different LPIs or collections for one event.',
      why: 'The entry is older than the queue: its page was not saved again after the event was mapped anew or moved.',
      when: 'At the next MSI of the event after the restore.',
      outcome: 'The wrong interrupt is raised, or the right one on the wrong vCPU.',
      fix: 'Rewrite the entry from the MAPTI and MOVI commands in the queue.',
      see: see.abi,
    },
  }),
  I309: problem<Event>({
    slug: 'shadowed-ite',
    usually: 'latent',
    describe: (d) => `${Name(d)} is still valid in the ITT; the guest unmapped it, and the chain jumps over it.`,
    fix: 'clear the entry',
    remedies: ['fix'],
    help: {
      what: 'A stale ITT entry of a live device, at a place no restore visits now.',
      why: orphanWhy,
      when: 'After a change: when the event before it is unmapped, the scan steps on it.',
      outcome: 'Nothing now. Later what I303 and I304 do.',
      fix: 'Clear the eight bytes. Nothing the guest uses is lost.',
      see: `${see.abi}; ${see.orphans}`,
    },
  }),
  I311: problem<Head>({
    slug: 'stale-ite-head',
    usually: 'latent',
    describe: (d) => `The head in the ITT of ${deviceName(d.deviceId)} ${headWords(d)}.`,
    fix: 'clear the head',
    remedies: ['fix'],
    answers: { 'restore-tables': ['EINVAL'] },
    help: {
      what: 'A dummy head, the entry with 0xdafe in the place of event 0, names another event than the first live one of its ITT.',
      why: staleHeadWhy,
      when: 'Only on kernels that follow heads: none that was released does.',
      outcome:
        'They jump to the event that it names, so those before it are lost with success; or RESTORE_TABLES fails with EINVAL where it names one past the ITT. To all other kernels it is an entry that is not valid.',
      fix: 'Clear the eight bytes: the scan then reads entry by entry to the first event. Nothing the guest uses is lost.',
      see: staleHeadSee,
    },
  }),
  I312: problem<Event & { readonly isDisabled: boolean }>({
    slug: 'event-perhaps-lost',
    usually: 'corrupts',
    describe: (d) =>
      `${Name(d)} may be live and does not come back; no witness knows whether the guest has it.${d.isDisabled ? ' Its LPI is disabled.' : ''}`,
    fix: 'bring it back; or find out whether the guest has it, and clear its entry if not',
    remedies: ['chain'],
    perhaps: true,
    hang: 'perhaps',
    help: {
      what: 'An ITT entry is valid and does not come back, and nobody tells whether it is the stale one or an entry before it.',
      why: `${orphanWhy} The distance in a stale entry is of an earlier save: it may lead past events that were mapped since. Or both name one LPI, and the kernel maps it for the first only.`,
      when: 'Where the ring is no witness (gone round, cleared by the guest, or damaged) and no PCI function speaks.',
      outcome:
        'If the entry that does not come back is the live one, its MSIs are dropped after a restore that succeeds. Where its LPI is disabled, that is a note: a driver disables an LPI before it frees it, and what is disabled has no interrupt to lose until the guest enables it.',
      fix: 'Make the chain visit all: what is live is not lost then. Or look which event the guest has, and clear the other entry.',
      see: `${see.scan}; ${see.orphans}`,
    },
  }),
} as const
