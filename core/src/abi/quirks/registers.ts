import type { QuirkRow } from './row.ts'

/** What kernels make of registers and of the attributes of their devices. */
export const registerQuirks = {
  'no-ctrl-reset': {
    part: 'attributes',
    does: 'KVM_DEV_ARM_ITS_CTRL_RESET does not exist, and what the CTRL group of an ITS has not is taken for a register whose value is at address 0: EFAULT',
    means: 'a VMM cannot reset the ITS with the VM: what the guest had mapped stays until it is mapped anew',
    until: { '4.15': 0 },
    commit: '"vgic-its: Implement KVM_DEV_ARM_ITS_CTRL_RESET"',
  },
  'unknown-ctrl-accepted': {
    part: 'attributes',
    does: 'setting an attribute that the CTRL group of an ITS has not answers 0; without, ENXIO',
    since: { '4.15': 0 },
    until: { '6.17': 0 },
    note: '6.16.3 has it and 6.17.13 has not',
  },
  'frame-past-ipa': {
    part: 'attributes',
    does: 'the address of a frame must be inside the IPA space, its end need not: without, E2BIG',
    until: { '5.16': 0 },
    commit: '"vgic-v3: Check ITS region is not above the VM IPA size"',
    note: '5.10.218 has it and 6.1.164 has not; none between was run',
  },
  'pending-save-before-init': {
    part: 'attributes',
    does: 'KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES before KVM_DEV_ARM_VGIC_CTRL_INIT answers 0; without, ENXIO',
    until: { '5.13': 0 },
    commit: '"GICv4.1: Try to save VLPI state in save_pending_tables"',
    note: '5.10.218 has it and 6.1.164 has not; none between was run',
  },
  'redistributor-last-hidden': {
    part: 'registers',
    does: 'userspace reads GICR_TYPER without Last, which the guest sees',
    since: { '5.9': 12, '5.10': 0 },
    until: { '5.13': 0 },
    commit: '"vgic-v3: Drop the reporting of GICR_TYPER.Last for userspace" to "vgic-v3: Expose GICR_TYPER.Last for userspace"',
  },
  'enable-unchecked': {
    part: 'registers',
    does: 'GITS_CTLR.Enabled is accepted although a BASER or CBASER is not Valid',
    until: { '4.15': 0 },
    commit: '"vgic-its: Check CBASER/BASER validity before enabling the ITS"',
  },
  'baser-invalid-keeps': {
    part: 'registers',
    does: 'clearing GITS_BASER<n>.Valid keeps the cached devices and collections',
    until: { '4.15': 0 },
    commit: '"vgic-its: Free caches when GITS_BASER Valid bit is cleared"',
  },
  'addresses-48-bit': {
    part: 'registers',
    does: 'bits [51:48] of the addresses in GITS_BASER<n>, GITS_CBASER, GICR_PROPBASER and GICR_PENDBASER read as zero',
    until: { '4.20': 0 },
    commit: '"vgic: Add support for 52bit guest physical address"',
    note: '4.13.9 has it and 5.10.218 has not; none between was run',
  },
  'outer-cache-non-cacheable': {
    part: 'registers',
    does: 'an OuterCache that KVM does not support reads as non-cacheable (1); without, as the inner one (0)',
    until: { '5.10': 0 },
    note: '4.13.9 has it and 5.10.218 has not; none between was run',
  },
  'disable-lpis-keeps-pending': {
    part: 'registers',
    does: 'clearing GICR_CTLR.EnableLPIs keeps the pending state of the LPIs of that vCPU',
    until: { '5.1': 0 },
    commit: '"vgic-v3: Retire pending interrupts on disabling LPIs"',
  },
  'disable-lpis-keeps-latch': {
    part: 'registers',
    does: 'clearing GICR_CTLR.EnableLPIs takes LPIs off the queue of that vCPU, and their pending latch stays: SAVE_PENDING_TABLES writes it',
    means: 'an interrupt that the guest had retired, as before a kexec, is pending again after a restore',
    since: { '5.1': 0 },
    until: { '6.1': 191, '6.12': 114, '7.1': 0 },
    commit: '"vgic: Handle race between interrupt affinity change and LPI disabling"',
    note: 'CVE-2026-72288; 7.1.13 is the first 7.1 that was run',
  },
  'no-lpi-invalidate-registers': {
    part: 'registers',
    does: 'GICR_INVLPIR and GICR_INVALLR do nothing, and GICR_CTLR reads without CES and IR',
    until: { '5.19': 0 },
    commit: '"vgic-v3: Implement MMIO-based LPI invalidation"',
  },
  'baser-change-keeps': {
    part: 'registers',
    does: 'a GITS_BASER<n> write that keeps Valid keeps the cached devices and collections',
    means: 'a guest that starts anew without a reset (kexec, a kdump kernel) leaves devices of its former life in the next save',
    until: { '6.12': 112, '7.2': 9, '7.3': 0 },
    commit: '8cd92f77ae4f',
  },
} as const satisfies Record<string, QuirkRow>
