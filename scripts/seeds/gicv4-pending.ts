import { answered, type SeedDocument, shownBy } from './seed-row.ts'

const pending = 'kvm/gicv4/save-pending.test.ts'
const small = 'selftest vlpi --lpis 512 --software 64'

export const gicv4Pending: SeedDocument = {
  title: 'Review of "GICv4.1: Try to save hw pending state in save_pending_tables"',
  from: 'S. Lu and M. Zyngier on patch 2 of RFC v2, January 2021',
  rows: {
    97: {
      claim: 'All vPEs are unmapped before the virtual pending tables are read, and mapped afterwards.',
      by: [shownBy(pending, 'unmaps every vPE on every ITS before it reads, and maps them again afterwards, by these commands')],
      why: 'On the model of the hardware: no host with GICv4.1 was at hand, here and in all rows below.',
    },
    98: {
      claim: 'Only with GICv4.1.',
      by: [
        shownBy(pending, 'cannot be done %s: no vPE is unmapped, what software knows is written, and SAVE_TABLES is EACCES'),
        { command: small, code: 0, prints: /^GICv4\.0 +EACCES/m },
      ],
    },
    99: {
      claim: 'They are mapped again when the save fails.',
      by: [shownBy(pending, 'a save that fails half-way maps the vPEs again and loses nothing')],
    },
    100: {
      claim: 'A VM that has not run at all can be saved.',
      by: [shownBy(pending, 'a VM that never ran saves that nothing is pending')],
    },
    101: {
      claim: 'A GIC that is not initialised cannot be asked: ENXIO.',
      by: [
        shownBy('kvm/kvm-gic.test.ts', 'is EBUSY for registers before it is initialised, ENXIO for SAVE_PENDING_TABLES'),
        shownBy('kvm/kvm-gic.test.ts', 'pending-save-before-init: before 5.13 it answered 0'),
        answered('handwritten', 'gic_save_pending_tables', { scenario: 'e_registers', kernel: '6.1.0-44', rc: 'ENXIO' }),
        answered('handwritten', 'gic_save_pending_tables', { scenario: 'e_registers', kernel: '5.10.0-30', rc: '0' }),
      ],
      why: 'Since 5.13. 5.10 answers 0, on record, and so does the model up to there; 4.13 was not asked. 21 kernels from 6.1.164 on answer ENXIO.',
    },
    102: {
      claim: 'What if the vPEs are not mapped yet?',
      by: [
        shownBy(pending, 'vPEs that are not mapped when the save comes are read as they are, and mapped afterwards (%i ITSes)'),
        shownBy(pending, 'unmapping twice is unmapping once, and so is mapping'),
        { file: 'docs/decisions/gicv4.md', says: 'What if the vPEs are not mapped yet when the save comes?' },
      ],
    },
    103: {
      claim: 'Devices have to be quiet, or their interrupts are lost.',
      by: [
        shownBy(
          pending,
          'an interrupt that arrives in the unmapped window is lost: its device was not quiesced, and the log says so',
        ),
      ],
    },
    104: {
      claim: 'vSGIs of an unmapped vPE cannot be read, and keep their state.',
      by: [
        shownBy(pending, 'vSGIs of an unmapped vPE cannot be read, keep their state, and are saved before or after the vLPIs'),
        shownBy('gicv4/virtual-sgis.test.ts', 'survives unmap and map with its configuration'),
      ],
    },
    105: {
      claim: 'User space saves vSGIs and vLPIs one after the other.',
      by: [
        shownBy(pending, 'vSGIs and vLPIs are saved one after the other: SGIs that %s delivers, read %s the pending tables'),
        shownBy(
          'conformance/vlpi/saved-gic.test.ts',
          'come back in another one by the registers of their redistributors, and a guest takes what it would have taken',
        ),
        {
          command: 'selftest vlpi --lpis 64 --software 8 --vcpus 3 --sgis',
          code: 0,
          prints: /^GICv4\.1, vSGIs, read between .* 24 +0 {2}as it must/m,
        },
        answered('i_private', 'redist_write', {
          kernel: '7.3.4',
          after: 'user space writes the pending latches through GICR_ISPENDR0',
          holds: '"reg":"0x10200"',
          rc: '0',
        }),
      ],
    },
    106: {
      claim: 'Without the unmap stale bits are read.',
      by: [
        { command: small, code: 0, prints: /^GICv4\.1, unmap left out +saved +restored +160 +128 +129/m },
        shownBy(pending, 'a save that skips the unmap reads stale bits: new ones are missing, taken ones are still there'),
      ],
    },
    107: {
      claim: 'A restore has the bit in software first, and in the hardware when the LPI is forwarded.',
      by: [shownBy(pending, 'comes back on another VM: as latches first, in the hardware when forwarding is set')],
    },
    108: {
      claim: 'EBUSY while a vCPU runs, and nothing is unmapped.',
      by: [shownBy(pending, 'is EBUSY while a vCPU runs, and nothing is unmapped then')],
    },
    109: {
      claim: 'A vCPU cannot run while its vPE is unmapped.',
      by: [shownBy('kvm/gicv4/vcpu.test.ts', 'cannot be loaded while its vPE is unmapped')],
    },
    110: {
      claim: 'The table below INTID 8192 is not about LPIs.',
      by: [shownBy(pending, 'bits of the table below INTID 8192 are ignored: they are the state of vSGIs')],
    },
    111: {
      claim: 'Ending the forwarding of an LPI drops what is pending of it.',
      by: [
        shownBy('kvm/gicv4/forwarding.test.ts', 'drops what is pending in hardware, and nothing else: %s'),
        { file: 'docs/decisions/gicv4.md', says: '5.10.223, 6.1.176, 6.12.107, 7.2.13 and 7.3.4 were read' },
      ],
      why: 'On every kernel, as in the five that were read. None was run: that takes a host with GICv4.',
    },
    112: {
      claim: 'A vPE is unmapped by deactivating its doorbell interrupt.',
      by: [
        shownBy(pending, 'unmaps every vPE on every ITS before it reads, and maps them again afterwards, by these commands'),
        shownBy(pending, 'unmapping twice is unmapping once, and so is mapping'),
      ],
      why: 'Linux’ driver was read, and not recorded on a host. It also sends a VSYNC behind each command about a vPE that is mapped, which the hardware of the model does not wait for.',
    },
  },
}
