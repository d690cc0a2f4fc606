import { rule } from './rule.ts'

/** What lets the guest kernel's own list speak. */
export const kernelRules = {
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
  'R-kernel-rdist': rule({
    witness: 'guest kernel',
    says: 'live',
    when: 'what the driver keeps of the redistributors is in RAM, and one GICR_PENDBASER of the file agrees with it: of each vCPU, the pending table that the driver gave it is in use',
    limit: 'structures with which no register of the file agrees, or several that do not agree with each other',
    holds:
      'Linux from 5.4 on: struct page lies in an array that begins at a round address, as the linear map does. Structures of 5.10 to 7.3 were read',
    source: 'struct rdists; its_cpu_init_lpis; arch/arm64/include/asm/memory.h, VMEMMAP_START',
  }),
  'R-kernel-none': rule({
    witness: 'guest kernel',
    says: 'silent',
    when: 'its list was not looked for, or not found in RAM',
    limit: 'a list that was found: R-kernel-listed, R-kernel-unlisted',
    holds: 'guests that are not Linux; files that do not hold all RAM, cases that were extracted without it',
    source: 'its_probe_one',
  }),
} as const
