import { rule } from './rule.ts'

const source = 'vgic-debug.c, vgic_its_debug_show; docs/decisions/kvm-lists.md'

/** What lets speak what KVM's debugfs told of the VM while it ran. It is of another moment than the save, and proves nothing. */
export const debugfsRules = {
  'R-debugfs-listed': rule({
    witness: 'debugfs',
    says: 'live',
    weak: true,
    when: 'vgic-its-state has the device, or the event with the LPI and the collection that the tables have, and all else that it has stands there too',
    limit: 'one that it has and the tables do not, or another LPI: R-debugfs-moment',
    holds: 'all guests: it is what KVM would have saved then',
    source,
  }),
  'R-debugfs-unlisted': rule({
    witness: 'debugfs',
    says: 'dead',
    weak: true,
    when: 'the tables have events of the device whose collections are mapped, and vgic-its-state has none of them',
    limit: 'a device without such events, which it does not tell of: R-debugfs-bare',
    holds: 'all guests, unless it was mapped between that moment and the save',
    source,
  }),
  'R-debugfs-event': rule({
    witness: 'debugfs',
    says: 'dead',
    weak: true,
    when: 'vgic-its-state has the device, and of its events not this one, whose collection is mapped',
    limit: 'an event whose collection is not mapped, which it does not tell of: R-debugfs-bare',
    holds: 'all guests, unless it was mapped between that moment and the save',
    source,
  }),
  'R-debugfs-lpi': rule({
    witness: 'debugfs',
    says: 'dead',
    weak: true,
    when: 'vgic-state, taken without vgic-its-state, does not have its LPI; of a device, of none of its events',
    limit: 'an LPI that it has, which may be of another event: R-debugfs-bare',
    holds: 'all guests, unless it was mapped between that moment and the save',
    source: 'vgic-debug.c, print_irq_state: KVM keeps an LPI as long as an event has it',
  }),
  'R-debugfs-bare': rule({
    witness: 'debugfs',
    says: 'silent',
    when: 'the text does not tell of such: a device without events, an event without a collection, an LPI that KVM has for some event',
    limit: 'what it tells of: R-debugfs-listed, R-debugfs-unlisted',
    holds: 'kernels from 6.16 on; vgic-state from 4.10 on',
    source,
  }),
  'R-debugfs-moment': rule({
    witness: 'debugfs',
    says: 'silent',
    when: 'something that the text has is not in the tables, or other witnesses know otherwise: the VM went on between the two, or the tables are damaged',
    limit: 'a text of which all stands in the tables, and which has all that is known to be live',
    holds: 'all: a save writes every device and event that KVM has',
    source: 'vgic-its.c, vgic_its_save_device_tables',
  }),
  'R-debugfs-none': rule({
    witness: 'debugfs',
    says: 'silent',
    when: 'no text of this ITS was given',
    limit: 'one that was given',
    holds: 'all',
    source,
  }),
} as const
