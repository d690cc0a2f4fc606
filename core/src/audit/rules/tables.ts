import { rule } from './rule.ts'

/** What lets speak that KVM and the guest left in tables: chains, LPI configuration, ITTs; and where the file is silent. */
export const tableRules = {
  'R-chain-gap': rule({
    witness: 'chain',
    says: 'dead',
    when: 'the next of a live entry, as KVM saved it, leads past it',
    limit: 'only as true as the word live of that entry; not in front of the first live entry, which may be of an earlier pause',
    holds: "all guests: it is KVM's own word",
    source: 'vgic-its.c, compute_next_devid_offset, compute_next_eventid_offset',
  }),
  'R-lpi-on': rule({
    witness: 'LPI configuration',
    says: 'live',
    weak: true,
    when: 'its LPI is enabled, and no live event has it',
    limit: 'Xen, known by 32,768 slots, never disables an LPI: R-lpi-xen',
    holds: 'Linux, FreeBSD, NetBSD, OpenBSD: their drivers disable an LPI before they free it',
    source: 'its_mask_irq, agintc_intr_disestablish, gicv3_its_disable_intr',
  }),
  'R-lpi-off': rule({
    witness: 'LPI configuration',
    says: 'silent',
    when: 'its LPI is disabled',
    limit: 'an enabled LPI: R-lpi-on',
    holds: 'all: Linux maps before it enables, and masks what is live',
    source: 'MSI_FLAG_ACTIVATE_EARLY; its_mask_irq',
  }),
  'R-lpi-xen': rule({
    witness: 'LPI configuration',
    says: 'silent',
    when: 'its LPI is enabled, in a ring of 32,768 slots',
    limit: 'any other ring: R-lpi-on',
    holds: 'Xen, which enables 32 LPIs at a time and disables none',
    source: 'gicv3_allocate_host_lpi_block, gicv3_free_host_lpi_block',
  }),
  'R-lpi-taken': rule({
    witness: 'tables',
    says: 'dead',
    weak: true,
    when: "its LPI is a live event's",
    limit: 'an LPI that no live event has',
    holds: 'all guests read: none shares an LPI between two events',
    source: 'its_lpi_alloc and their like',
  }),
  'R-itt-foreign': rule({
    witness: 'tables',
    says: 'dead',
    weak: true,
    when: 'the ITT of a device that nobody knows holds what is no entry',
    limit:
      'entries that KVM can have written: LPIs, and collections that there are; a guest that unmaps collections leaves such entries behind',
    holds:
      'Linux, OpenBSD, Xen, which unmap no collection. FreeBSD and NetBSD declare ITTs twice as large as theirs; Zephyr does not clear them',
    source: 'its_create_device; gicv3_its_init_device_id',
  }),
  'R-itt-taken': rule({
    witness: 'tables',
    says: 'dead',
    weak: true,
    when: 'the ITT of a device that nobody knows holds an event that is live of another device',
    limit: 'an ITT in which no live event of another device lies',
    holds: 'all guests read: none gives two devices one ITT',
    source: 'its_create_device and their like',
  }),
  'R-ram-unplaced': rule({
    witness: 'file',
    says: 'silent',
    when: 'its DTE or its ITT lies where RAM may be whose address the file does not tell',
    limit: 'RAM whose address is known',
    holds: 'machines with DIMMs or virtio-mem that the file does not place',
    source: 'QEMU pc_dimm_plug, virtio_mem_device_realize',
  }),
} as const
