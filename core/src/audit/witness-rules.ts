/** Who tells of mappings. `file`: what the saved file holds at all. */
export type WitnessName = 'command queue' | 'PCI state' | 'guest kernel' | 'chain' | 'LPI configuration' | 'tables' | 'file'

/** What a witness says of a mapping. */
export type Word = 'live' | 'dead' | 'silent'

/** Lets one witness say one thing. */
export interface WitnessRule {
  readonly witness: WitnessName
  readonly says: Word
  /** It follows from something else, and proves nothing. */
  readonly weak?: true
  /** When it holds. */
  readonly when: string
  /** What it does not reach: the witness says something else there, or nothing. */
  readonly limit: string
  /** For which guests and machines, and since when. */
  readonly holds: string
  readonly source: string
}

const rule = <const R extends WitnessRule>(row: R): R => row

/**
 * Every rule by which a witness speaks, or is silent. An answer of a witness is one of these: what no rule lets it say, it does not say.
 * docs/guests.md tells what each guest does and prints them.
 */
export const witnessRules = {
  'R-ring-mapped': rule({
    witness: 'command queue',
    says: 'live',
    when: 'the MAPD of the device, MAPTI or MAPI of the event or MAPC of the collection is in the ring, and no later command undoes it',
    limit: 'what KVM refuses maps nothing: an EventID past the ITT, a pINTID that is no LPI, a second MAPTI of one event',
    holds: 'every guest read; it is what the guest has mapped, which KVM may have lost (kexec to 4.19 or 5.10, hibernation)',
    source: 'vgic-its.c, vgic_its_cmd_handle_mapd, vgic_its_cmd_handle_mapi',
  }),
  'R-ring-named': rule({
    witness: 'command queue',
    says: 'live',
    when: 'the beginning of the ring is lost, and a command names what none before it mapped: it was mapped there',
    limit: 'a ring that holds a command which KVM refused: its driver names what is not mapped, and R-ring-refused holds',
    holds: 'Linux 5.10 to 7.2, FreeBSD, OpenBSD, Zephyr, Xen. Not NetBSD, whose later INV and MOVI name refused events',
    source: "the drivers' its_send_* and their like; docs/guests.md, section 2",
  }),
  'R-ring-unmapped': rule({
    witness: 'command queue',
    says: 'dead',
    when: 'the last command that maps or unmaps it is MAPD V=0 or DISCARD',
    limit: 'a command that is written and not executed: R-ring-pending',
    holds: 'every guest read; INV of a discarded event, as OpenBSD sends it, is no sign of life',
    source: 'vgic-its.c, vgic_its_cmd_handle_discard; OpenBSD agintc.c, agintc_intr_disestablish_msi',
  }),
  'R-ring-lap': rule({
    witness: 'command queue',
    says: 'dead',
    when: 'the MAPD of its device is in the ring, and no command since maps the event',
    limit: 'a device whose MAPD is overwritten: of events that are not named nothing is known',
    holds: 'every guest read, also in a ring that has gone round',
    source: 'vgic-its.c, vgic_its_cmd_handle_mapd: a MAPD frees all events of its device',
  }),
  'R-ring-whole': rule({
    witness: 'command queue',
    says: 'dead',
    when: 'the ring holds all since the ITS was enabled, and does not name it: slot 0 is MAPC, every saved collection has its MAPC, every command is known, none is about strangers, no chain leads to a device that it lacks',
    limit:
      'a ring that goes on behind CWRITER or is about strangers: after a suspend Linux (5.10 on) begins at slot 0 without mapping anew',
    holds:
      'Linux, FreeBSD, NetBSD, OpenBSD, Xen and Zephyr in their first lap: all zero the ring first and begin with MAPC. Not kvm-unit-tests',
    source: 'its_probe_one, its_restore_enable, gicv3_its_cmdq_init; fixtures odd-reinit-s1, smmu-s1',
  }),
  'R-ring-wrapped': rule({
    witness: 'command queue',
    says: 'silent',
    when: 'the ring has gone round and does not name it',
    limit: 'what it names: R-ring-mapped, R-ring-named, R-ring-unmapped, R-ring-lap',
    holds: 'all; Linux keeps the last 2048 commands, NetBSD 128',
    source: 'fixture wrapped',
  }),
  'R-ring-restart': rule({
    witness: 'command queue',
    says: 'silent',
    when: 'the guest may have begun anew at slot 0, and nothing before CWRITER maps it',
    limit: 'where PCI functions are set to exactly the events that older commands mapped, those are of this life',
    holds: 'all that set up their ITS twice in one ring; a kernel after kexec; suspend of Linux from 5.10 on',
    source: 'its_restore_enable; fixture odd-reinit-s1',
  }),
  'R-ring-refused': rule({
    witness: 'command queue',
    says: 'silent',
    when: 'commands name it in passing, in a ring whose beginning is lost and of which KVM refused a command',
    limit: 'what a MAPD in the ring maps: R-ring-mapped',
    holds: 'NetBSD (MAPTI past the ITT), Zephyr (the last vectors), kvm-unit-tests; Linux never',
    source: 'gicv3_its_msix_alloc, gicv3_its_init_device_id, test_its_trigger',
  }),
  'R-ring-tail': rule({
    witness: 'command queue',
    says: 'silent',
    when: 'only slots behind the largest power of two in the ring name it, and not all of those hold commands',
    limit: 'a ring of such a size that its guest fills: commands in every slot behind, or CREADR or CWRITER there',
    holds: 'Zephyr, which declares 2176 slots and has 2048',
    source: 'its_setup_cmd_queue',
  }),
  'R-ring-pending': rule({
    witness: 'command queue',
    says: 'silent',
    when: 'a command that is written and not executed names the device',
    limit: 'devices that no pending command names',
    holds: 'all, when the ITS is disabled or the VMM stopped between the two',
    source: 'vgic-its.c, vgic_its_process_commands',
  }),
  'R-ring-damaged': rule({
    witness: 'command queue',
    says: 'silent',
    when: 'a slot that KVM executed holds no command',
    limit: 'a ring in which every executed slot is a command',
    holds: 'guests that clear executed commands; rings whose pages are lost or have another owner',
    source: 'fixture odd-clear-s1',
  }),
  'R-ring-none': rule({
    witness: 'command queue',
    says: 'silent',
    when: 'no command was ever executed, or there is no ring in RAM',
    limit: 'a ring with executed commands',
    holds: 'all',
    source: 'GITS_CBASER, GITS_CREADR',
  }),
  'R-pci-on': rule({
    witness: 'PCI state',
    says: 'live',
    when: 'MSI or MSI-X of the function is enabled and not masked as a whole: its device is mapped',
    limit: 'a function all of whose vectors are set to what is no ITS known there',
    holds: "Linux, FreeBSD, NetBSD, OpenBSD, Xen's dom0; guests that poll never enable it",
    source: '__pci_enable_msix_range; its_pci_msi_prepare',
  }),
  'R-pci-vector': rule({
    witness: 'PCI state',
    says: 'live',
    when: 'a vector of an enabled function is set to GITS_TRANSLATER and not masked: its data is a mapped event',
    limit: 'a masked vector: R-pci-masked',
    holds: 'all; behind virtio-iommu too, which lets that page pass as it is. FreeBSD and NetBSD may have had the MAPTI refused',
    source: 'its_msi_compose; QEMU virt_machine_device_pre_plug_cb',
  }),
  'R-pci-iova': rule({
    witness: 'PCI state',
    says: 'live',
    when: 'a vector is not masked and set to an address that the tables of an SMMU in the file map to GITS_TRANSLATER',
    limit: 'an address that no such table maps: R-pci-page, R-pci-elsewhere',
    holds: 'SMMUv3 of QEMU 5.2 to 11.1; 4, 16 and 64 KiB granules',
    source: 'QEMU kvm_arch_fixup_msi_route; fixtures smmu-s1, smmu-s3',
  }),
  'R-pci-masked': rule({
    witness: 'PCI state',
    says: 'silent',
    when: 'a vector that names the event is masked',
    limit: 'another vector that is not masked and names it',
    holds: "all; after kexec entries that Linux does not use keep the old kernel's message, masked",
    source: 'msix_capability_init, pci_msix_shutdown',
  }),
  'R-pci-multi': rule({
    witness: 'PCI state',
    says: 'silent',
    when: 'MSI with 2^n messages, n > 0: of the events from 2^(n-1) + 1 on',
    limit: 'the first 2^(n-1) + 1, which are mapped',
    holds: 'Linux, which rounds the messages up and not the events',
    source: 'msi_capability_init',
  }),
  'R-pci-none': rule({
    witness: 'PCI state',
    says: 'dead',
    when: 'the function is enabled and in D0, every vector is set to an ITS or not at all, and none names the event',
    limit: 'a guest that is not known to be Linux: R-pci-guest; a function that sleeps: R-pci-asleep',
    holds: 'Linux 4.19 to 7.2. FreeBSD (until the last is freed), NetBSD, Xen and Zephyr keep events that no vector names',
    source: '__pci_write_msi_msg, msi_domain_deactivate',
  }),
  'R-pci-off': rule({
    witness: 'PCI state',
    says: 'dead',
    when: 'the function is disabled, in D0, and no vector is set: it has no events',
    limit: 'the device itself: R-pci-kept; a guest that is not known to be Linux: R-pci-guest',
    holds: 'Linux 4.19 to 7.2. NetBSD, Xen and Zephyr keep the events',
    source: 'pci_free_msi_irqs; fixture nvme72-s1',
  }),
  'R-pci-kept': rule({
    witness: 'PCI state',
    says: 'silent',
    when: 'the function is disabled: its device may be mapped without an event',
    limit: 'an enabled function: R-pci-on',
    holds:
      'Linux from 6.16 on and behind an aliasing bridge, OpenBSD, NetBSD, Zephyr, Xen: they map the next events without a MAPD',
    source: 'its_msi_teardown; fixture nvme72-s1',
  }),
  'R-pci-stale': rule({
    witness: 'PCI state',
    says: 'silent',
    when: 'the function is disabled and vectors are set',
    limit: 'no vector set: R-pci-off',
    holds: 'FreeBSD after a release, a crash kernel, Linux freeing a function that sleeps',
    source: 'pci_release_msix, __pci_write_msi_msg',
  }),
  'R-pci-asleep': rule({
    witness: 'PCI state',
    says: 'silent',
    when: 'the function is not in D0: of what no vector names',
    limit: 'what a vector names: R-pci-vector',
    holds: 'Linux, which writes no message to a function that sleeps',
    source: '__pci_write_msi_msg',
  }),
  'R-pci-guest': rule({
    witness: 'PCI state',
    says: 'silent',
    when: 'the guest is not known to be Linux: of what no vector names',
    limit: 'the configuration bytes of the last LPIs are all 0xa2 or all 0xc2, and the ring has not 32,768 slots: it is Linux',
    holds: 'FreeBSD (0x02), NetBSD and OpenBSD (0x00), Xen (0xa2, 32,768 slots), guests that nobody read',
    source: 'gic_reset_prop_table, lpi_prop_prio; seen in every fixture of a Linux guest',
  }),
  'R-pci-elsewhere': rule({
    witness: 'PCI state',
    says: 'silent',
    when: "a vector is set to what is no ITS known there, an IOMMU's input or a GICv2m frame, and may name any event",
    limit: 'events that another vector names: R-pci-vector',
    holds: 'all machines with an IOMMU whose tables the file does not hold',
    source: 'iommu_dma_compose_msi_msg; fixture smmu-s3',
  }),
  'R-pci-page': rule({
    witness: 'PCI state',
    says: 'silent',
    when: 'a vector with this data is set to an unknown address with the page offset of GITS_TRANSLATER: it supports that the event is mapped, and decides nothing',
    limit: 'another page offset: R-pci-elsewhere',
    holds: 'IOMMUs with granules of 4 KiB and more: page offsets pass unchanged',
    source: 'msi_msg_set_addr',
  }),
  'R-pci-alias': rule({
    witness: 'PCI state',
    says: 'silent',
    when: 'a function that shares the DeviceID is silent, or its state cannot be read: of what no vector names',
    limit: 'events that a vector of any of them names: R-pci-vector',
    holds: 'functions behind a bridge to conventional PCI; VFIO functions, whose state is their own',
    source: 'QEMU pci_req_id_cache_get, vfio_save_state; fixture bridge-s2',
  }),
  'R-pci-absent': rule({
    witness: 'PCI state',
    says: 'silent',
    when: 'no function in the file has this DeviceID',
    limit: 'a function that was read',
    holds: 'all: NetBSD and OpenBSD keep the events of a device that was unplugged',
    source: 'gicv3_its_msi_intr_release',
  }),
  'R-kernel-listed': rule({
    witness: 'guest kernel',
    says: 'live',
    when: 'its_node of the ITS is in RAM, agrees with the saved registers, and has it on its list of devices',
    limit: 'a device that a command names which waits, or of which the ITS was not told: R-kernel-waits',
    holds: 'Linux: the list is written before MAPD with V=1 and after MAPD with V=0. Structures of 5.10 to 7.3 were read',
    source: 'its_create_device, its_free_device; fixtures smmu-s3-kernel, bridge-s2-kernel',
  }),
  'R-kernel-unlisted': rule({
    witness: 'guest kernel',
    says: 'dead',
    when: 'its_node of the ITS is in RAM, agrees with the saved registers, and its list of devices is whole and lacks it',
    limit: 'a device on the list: R-kernel-listed',
    holds: 'Linux, whatever became of the ring; what an earlier kernel left writes its queue elsewhere and is not believed',
    source: 'its_create_device, its_free_device',
  }),
  'R-kernel-event': rule({
    witness: 'guest kernel',
    says: 'live',
    when: 'its device is on the list, lpi_map has it allocated, and the LPI that follows from lpi_base is enabled',
    limit: 'an LPI that is disabled: R-kernel-allocated',
    holds: 'Linux, which enables an LPI after MAPTI and disables it before DISCARD',
    source: 'its_alloc_device_irq, its_irq_domain_activate, its_unmask_irq',
  }),
  'R-kernel-allocated': rule({
    witness: 'guest kernel',
    says: 'silent',
    when: 'lpi_map has it allocated, and its LPI is disabled: it may be mapped',
    limit: 'an LPI that is enabled: R-kernel-event; an event that is not allocated: R-kernel-free',
    holds: 'Linux: managed interrupts of a CPU that is off stay allocated and are unmapped, masked ones stay mapped',
    source: 'its_irq_domain_activate, its_irq_domain_deactivate, irq_shutdown_and_deactivate',
  }),
  'R-kernel-free': rule({
    witness: 'guest kernel',
    says: 'dead',
    when: 'its device is on the list, and lpi_map does not have it allocated',
    limit: 'an event that is allocated: R-kernel-event, R-kernel-allocated',
    holds: 'Linux: an event is allocated before MAPTI and freed after DISCARD',
    source: 'its_alloc_device_irq, its_irq_domain_free',
  }),
  'R-kernel-waits': rule({
    witness: 'guest kernel',
    says: 'silent',
    when: 'a command names the device that waits, or that the driver has written and not told the ITS of',
    limit: 'devices that no such command names',
    holds: 'Linux: KVM saved what it was before the command, the list is what it will be',
    source: 'its_send_single_command, its_post_commands',
  }),
  'R-kernel-none': rule({
    witness: 'guest kernel',
    says: 'silent',
    when: 'its list was not looked for, or not found in RAM',
    limit: 'a list that was found: R-kernel-listed, R-kernel-unlisted',
    holds: 'guests that are not Linux; files that do not hold all RAM, cases that were extracted without it',
    source: 'its_probe_one',
  }),
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
    limit: 'entries that KVM can have written: LPIs, and collections that there are',
    holds: 'Linux, OpenBSD, Xen. FreeBSD and NetBSD declare ITTs twice as large as theirs; Zephyr does not clear them',
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
} as const satisfies Readonly<Record<string, WitnessRule>>

export type RuleName = keyof typeof witnessRules
/** The rules by which a witness speaks, or says one word. */
export type RuleOf<W extends WitnessName, S extends Word = Word> = {
  [R in RuleName]: (typeof witnessRules)[R] extends { witness: W; says: S } ? R : never
}[RuleName]
