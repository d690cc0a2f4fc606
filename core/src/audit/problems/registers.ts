import { hex } from '../../abi/index.ts'
import { problem, see } from './problem.ts'

export const registerProblems = {
  R101: problem<{ readonly revision: number }>({
    slug: 'table-abi-unknown',
    usually: 'fails',
    describe: ({ revision }) => `GITS_IIDR asks for table ABI revision ${revision}; KVM knows revision 0 only.`,
    fix: 'restore on a kernel that knows this revision',
    answers: { registers: ['EINVAL'] },
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
    answers: { registers: ['EINVAL'] },
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
    hang: 'perhaps',
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
    hang: 'lost',
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
    hang: 'disabled',
    help: {
      what: 'GICR_CTLR.EnableLPIs is 0 on a redistributor to which mapped events are sent.',
      why: 'The vCPU was being brought up or down when the VM was saved, or the redistributor section is damaged.',
      when: 'At the first MSI for that vCPU.',
      outcome: 'The MSI is refused (EBUSY) and lost until the guest enables LPIs there.',
      fix: 'Nothing in the file is wrong for certain. If the guest is stuck, compare with an earlier save.',
      see: 'Arm IHI 0069, GICR_CTLR.EnableLPIs',
    },
  }),
  R106: problem<{ readonly table: number; readonly vcpuIds: readonly number[] }>({
    slug: 'pending-table-shared',
    usually: 'corrupts',
    describe: ({ table, vcpuIds }) =>
      `${vcpuIds.length} vCPUs (${idsText(vcpuIds)}) have the same pending table at ${hex(table)}: all but one of these registers are wrong.`,
    fix: 'take the registers from another save of this VM',
    harm: () => 'what was pending on all but one of them is lost',
    hang: 'perhaps',
    help: {
      what: 'GICR_PENDBASER of several vCPUs with LPIs enabled names one pending table. No guest gives two redistributors the same.',
      why: 'Cloud Hypervisor before August 2026 saved the registers of vCPU 0 for every vCPU.',
      when: 'At the restore of each event that goes to one of these vCPUs: its pending bit is read from the wrong table.',
      outcome: 'Interrupts that were pending on all of them but one are lost, if there were any; their drivers wait for them.',
      fix: "Take the registers from another save. A Linux guest's kernel has them in RAM: vits looks for them there, see R107.",
      see: 'cloud-hypervisor commit 18366e1b7; Arm IHI 0069, GICR_PENDBASER',
    },
  }),
  R107: problem<{ readonly vcpuId: number; readonly saved: number; readonly guests: number; readonly lost: number }>({
    slug: 'pending-table-not-the-guests',
    usually: 'corrupts',
    describe: ({ vcpuId, saved, guests, lost }) =>
      `GICR_PENDBASER of vCPU ${vcpuId} names ${hex(saved)}; its guest has the pending table at ${hex(guests)}${lost === 0 ? ', where nothing is pending' : `, where ${lost === 1 ? 'an LPI is' : `${lost} LPIs are`} pending that no restore reads`}.`,
    fix: 'set the register to what the guest has',
    remedies: ['register'],
    hang: 'perhaps',
    help: {
      what: "The saved register of a redistributor does not name the pending table that the guest's kernel gave it.",
      why: 'Cloud Hypervisor before August 2026 saved the registers of vCPU 0 for every vCPU, or the redistributor section is damaged.',
      when: 'At the restore of each event that goes to this vCPU: its pending bit is read from the wrong table.',
      outcome:
        'Interrupts that were pending on this vCPU are lost, and their drivers wait for them. Where none was, the next save writes pending bits into a table that is not this vCPU’s.',
      fix: 'Set GICR_PENDBASER to what the guest has: its kernel keeps the page of each pending table.',
      see: 'cloud-hypervisor commit 18366e1b7; Linux include/linux/irqchip/arm-gic-v3.h, struct rdists',
    },
  }),
  R108: problem<{ readonly vcpuIds: readonly number[]; readonly saved: number; readonly guests: number }>({
    slug: 'configuration-table-not-the-guests',
    usually: 'corrupts',
    describe: ({ vcpuIds, saved, guests }) =>
      `GICR_PROPBASER of vCPU ${idsText(vcpuIds)} names ${hex(saved)}; the guest has the LPI configuration table at ${hex(guests)}.`,
    fix: 'set the register to what the guest has',
    remedies: ['register'],
    answers: { 'restore-tables': ['EFAULT'] },
    help: {
      what: "The saved registers do not name the LPI configuration table that the guest's kernel has.",
      why: 'The redistributor section is damaged, or the registers and the RAM are of different moments.',
      when: 'When the first event is restored.',
      outcome: 'KVM reads from other memory whether an LPI is enabled: interrupts stay masked, or the restore fails with EFAULT.',
      fix: 'Set GICR_PROPBASER to what the guest has.',
      see: 'Linux include/linux/irqchip/arm-gic-v3.h, struct rdists',
    },
  }),
  R109: problem<CopiedRegisters>({
    slug: 'registers-of-another-vcpu',
    usually: 'corrupts',
    describe: ({ from, vcpuIds, table, lost }) =>
      `Cloud Hypervisor saved the registers of vCPU ${from} for vCPU ${idsText(vcpuIds)} too: all have the pending table at ${hex(table)}${lostText(lost)}.`,
    fix: 'set the registers to what the guest has',
    remedies: ['register'],
    harm: () => 'what was pending on all but one of the vCPUs is lost',
    hang: 'perhaps',
    help: {
      what: 'The redistributors of a Cloud Hypervisor snapshot are word for word those of vCPU 0, which takes LPIs.',
      why: 'Cloud Hypervisor v29 to v53 read vCPU 0 each time when it saved a VM with several vCPUs that had been booted and not restored.',
      when: 'At the restore of each event that goes to one of the other vCPUs: its pending bit is read from the table of vCPU 0.',
      outcome:
        'Interrupts that were pending on the others are lost, and their drivers wait for them. From then on all write their pending bits into one table.',
      fix: "Set GICR_PENDBASER of each vCPU to what a Linux guest's kernel has in RAM. The registers of SGIs, PPIs and CPU interfaces, which are vCPU 0's too, are in no other place: they are left.",
      see: 'cloud-hypervisor commit 18366e1b7 (August 2026), hypervisor/src/kvm/aarch64/gic/redist_regs.rs',
    },
  }),
} as const

/** Registers that were saved for several vCPUs. */
export interface CopiedRegisters {
  /** The vCPU whose they are. */
  readonly from: number
  /** Those that have them and are not that one. */
  readonly vcpuIds: readonly number[]
  readonly table: number
  /** LPIs that are pending where the guest has their tables and no restore reads; undefined where its kernel does not tell of all. */
  readonly lost: number | undefined
}

const lostText = (lost: number | undefined): string => {
  if (lost === undefined) return ''
  if (lost === 0) return '; nothing is pending in those that the guest has'
  return `; in those that the guest has, ${lost === 1 ? 'an LPI is' : `${lost} LPIs are`} pending that no restore reads`
}

const idsText = (vcpuIds: readonly number[]): string =>
  vcpuIds.length > MOST_IDS ? `${vcpuIds.slice(0, MOST_IDS).join(', ')} …` : vcpuIds.join(', ')
const MOST_IDS = 8
