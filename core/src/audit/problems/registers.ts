import { hex } from '../../abi/index.ts'
import { problem, see } from './problem.ts'

export const registerProblems = {
  R101: problem<{ readonly revision: number }>({
    slug: 'table-abi-unknown',
    usually: 'fails',
    describe: ({ revision }) => `GITS_IIDR asks for table ABI revision ${revision}; KVM knows revision 0 only.`,
    fix: 'restore on a kernel that knows this revision',
    help: {
      what: 'GITS_IIDR.Revision, bits [15:12], names a table format that this kernel cannot read.',
      why: 'The VM was saved by a newer or modified kernel, or the register section is damaged.',
      when: 'When the VMM writes GITS_IIDR, before any table is read.',
      outcome: 'The register write fails with EINVAL and the VMM gives up.',
      fix: 'Restore where the revision is known. Changing the number would make KVM read the tables in the wrong format.',
      see: see.registers,
    },
  }),
  R102: problem<{ readonly creadr: number; readonly bytes: number }>({
    slug: 'creadr-past-queue',
    usually: 'fails',
    describe: ({ creadr, bytes }) => `GITS_CREADR ${hex(creadr)} is past the end of the command queue, ${hex(bytes)} bytes.`,
    fix: 'set GITS_CREADR to GITS_CWRITER',
    help: {
      what: 'The read pointer of the command queue lies outside the queue that GITS_CBASER describes.',
      why: 'A damaged register section, or GITS_CBASER taken from another moment than GITS_CREADR.',
      when: 'When the VMM writes GITS_CREADR.',
      outcome: 'The register write fails with EINVAL and the VMM gives up.',
      fix: 'Set GITS_CREADR to GITS_CWRITER if that is inside the queue: the guest then finds its queue drained.',
      see: see.registers,
    },
  }),
  R103: problem<{ readonly cwriter: number; readonly bytes: number }>({
    slug: 'cwriter-past-queue',
    usually: 'corrupts',
    describe: ({ cwriter, bytes }) =>
      `GITS_CWRITER ${hex(cwriter)} is past the end of the command queue, ${hex(bytes)} bytes; KVM ignores the write and leaves 0.`,
    fix: 'set GITS_CWRITER to GITS_CREADR',
    help: {
      what: 'The write pointer of the command queue lies outside the queue that GITS_CBASER describes.',
      why: 'A damaged register section, or GITS_CBASER taken from another moment than GITS_CWRITER.',
      when: 'When the VMM writes GITS_CWRITER.',
      outcome:
        'KVM ignores the write. The pointer stays 0, so enabling the ITS runs every old command from CREADR round to 0 again.',
      fix: 'Set GITS_CWRITER to GITS_CREADR: nothing is pending.',
      see: see.registers,
    },
  }),
  R104: problem<{ readonly missing: readonly string[] }>({
    slug: 'enable-refused',
    usually: 'corrupts',
    describe: ({ missing }) =>
      `GITS_CTLR.Enabled was saved as 1, but ${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not valid.`,
    fix: 'take the register from another save of this VM',
    help: {
      what: 'The ITS was on when it was saved, and one of its tables or its command queue is marked as not allocated.',
      why: 'A damaged register section, or a save taken while a reset was under way.',
      when: 'When the VMM writes GITS_CTLR at the end of the restore.',
      outcome: 'KVM leaves the ITS disabled and says nothing. Every MSI of the guest is dropped.',
      fix: 'The address is lost with the register: take it from another save of this VM or from the guest (dmesg, "ITS@... allocated").',
      see: 'vgic-its.c, vgic_mmio_write_its_ctlr',
    },
  }),
  R105: problem<{ readonly vcpuId: number; readonly events: number }>({
    slug: 'lpis-disabled',
    usually: 'latent',
    describe: ({ vcpuId, events }) => `LPIs are disabled on vCPU ${vcpuId}, the target of ${events} mapped events.`,
    fix: 'none: the guest decides',
    help: {
      what: 'GICR_CTLR.EnableLPIs is 0 on a redistributor to which mapped events are sent.',
      why: 'The vCPU was being brought up or down when the VM was saved, or the redistributor section is damaged.',
      when: 'At the first MSI for that vCPU.',
      outcome: 'The MSI is refused (EBUSY) and lost until the guest enables LPIs there.',
      fix: 'Nothing in the file is wrong for certain. If the guest is stuck, compare with an earlier save.',
      see: 'Arm IHI 0069, GICR_CTLR.EnableLPIs',
    },
  }),
} as const
