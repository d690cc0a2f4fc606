import { hex } from '../../abi/index.ts'
import { problem } from './problem.ts'

export const lpiProblems = {
  L401: problem<{ readonly base: number; readonly lpi: number }>({
    slug: 'lpi-configuration-outside-ram',
    usually: 'fails',
    describe: ({ base, lpi }) => `The configuration byte of LPI ${lpi} is not in guest RAM; the table begins at ${hex(base)}.`,
    fix: 'give the VM the memory it was saved with',
    remedies: ['fix', 'drop'],
    look: 'configuration',
    answers: { 'restore-tables': ['EFAULT'] },
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
    answers: { 'restore-tables': ['EFAULT'] },
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
      `${count === 1 ? 'A pending bit' : `${count} pending bits`} on vCPU ${vcpuId}, ${count === 1 ? '' : 'the first '}for LPI ${lpi}, ${count === 1 ? 'belongs' : 'belong'} to no event that is mapped to it.`,
    fix: 'none needed',
    help: {
      what: 'A pending table has bits set for LPIs that no mapped event sends to this vCPU.',
      why: 'The event was unmapped while its interrupt was pending, or moved after an earlier save. A save writes the bits of mapped events only and leaves all others as they are.',
      when: 'When an event with this LPI is mapped to the vCPU again.',
      outcome:
        'The restore does not read them. The guest may later take one interrupt that nobody sent. Drivers must bear that anyway.',
      fix: 'None needed.',
      see: 'Arm IHI 0069, "LPI Pending tables"; vgic-v3.c, vgic_v3_save_pending_tables',
    },
  }),
  L404: problem<{ readonly lpi: number; readonly vcpuId: number; readonly target: number; readonly count: number }>({
    slug: 'pending-on-another-vcpu',
    usually: 'note',
    describe: ({ lpi, vcpuId, target, count }) =>
      `${count === 1 ? `LPI ${lpi} is` : `${count} LPIs, the first ${lpi}, are`} pending on vCPU ${vcpuId} and not on vCPU ${target}, to which ${count === 1 ? 'its event goes' : 'their events go'}: no restore reads that.`,
    fix: 'set the bit on the vCPU to which the event goes, if the guest waits for this interrupt',
    remedies: ['fix'],
    hang: 'missed',
    help: {
      what: 'The pending bit of a live event is set in the table of a vCPU to which the event does not go, and is clear where it goes.',
      why: 'The event was moved after an earlier save, which left the bit: then nothing is lost. Or the tables and the pending bits are of different moments, or a kernel before 5.4.3 wrote the bit to the wrong table: then an interrupt is.',
      when: 'At the restore, which reads the bit from the table of the vCPU to which the event goes.',
      outcome: 'The interrupt is not delivered. If it was raised and not yet taken, the driver waits for it.',
      fix: 'vits repair --fix L404 moves the bit to the other vCPU, if the device hangs after the restore. An interrupt too many does no harm.',
      see: 'vgic-v3.c, vgic_v3_lpi_sync_pending_status; Linux commit "KVM: arm64: vgic-v3: Don\'t rely on the wrong pending table"',
    },
  }),
  L405: problem<{ readonly vcpuId: number; readonly table: number }>({
    slug: 'pending-table-outside-ram',
    usually: 'latent',
    describe: ({ vcpuId, table }) =>
      `LPIs are enabled on vCPU ${vcpuId}, whose pending table ${table === 0 ? 'is not set' : `at ${hex(table)} is not all in guest RAM`}.`,
    fix: 'take GICR_PENDBASER from another save of this VM',
    help: {
      what: 'GICR_PENDBASER of a vCPU with GICR_CTLR.EnableLPIs set names no guest RAM. No event goes to the vCPU now.',
      why: 'The redistributor section is damaged or of another moment, or the VM has less memory than it was saved with.',
      when: 'When an event is mapped to the vCPU.',
      outcome:
        'The MAPTI fails in silence, and the interrupt never comes. A save fails with EFAULT when an event was moved there.',
      fix: 'Take the register from another save of this VM, or give the VM the memory it was saved with.',
      see: 'Arm IHI 0069, GICR_PENDBASER; vgic-its.c, vgic_add_lpi',
    },
  }),
  L406: problem<{ readonly deviceId: number; readonly eventId: number; readonly lpi: number; readonly count: number }>({
    slug: 'lpi-disabled',
    usually: 'note',
    describe: ({ deviceId, eventId, lpi, count }) =>
      `LPI ${lpi} of event ${eventId} of DeviceID ${hex(deviceId)}${count === 1 ? ' is' : ` and ${count - 1} more of it are`} disabled, and the vector is not masked.`,
    fix: "none: the guest's driver decides",
    hang: 'missed',
    look: 'configuration',
    help: {
      what: 'The configuration byte of a live event has its enable bit clear, while the vector of the device that raises the event is set and unmasked.',
      why: 'The vCPU was about to unmask the interrupt, which takes two steps; or the byte was lost: the page is not of the moment of the save.',
      when: 'At the next interrupt of the device.',
      outcome:
        'KVM keeps the interrupt pending and does not deliver it until the guest enables the LPI. A driver that does not is waiting for ever.',
      fix: 'Nothing in the file is wrong for certain. If the device hangs after the restore, compare the byte with another save of this VM.',
      see: 'Linux its_unmask_msi_irq, its_unmask_irq; Arm IHI 0069, "LPI Configuration tables"',
    },
  }),
} as const
