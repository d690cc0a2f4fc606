import { address, bits, flag, layout } from './layout.ts'

const source = 'Arm DDI 0487, Architecture Reference Manual for A-profile, "AArch64 System register descriptions"'

/** KVM's numbers of the registers that are looked at. @source Linux Documentation/virt/kvm/api.rst, "KVM_SET_ONE_REG" */
export const KVM_REG = { TTBR1_EL1: 0x603000000013c101n, TCR_EL1: 0x603000000013c102n } as const

export const TCR_EL1 = layout('TCR_EL1', source, {
  t1sz: bits(21, 16, 'Addresses of the upper half have 64 - T1SZ bits.'),
  epd1: flag(23, 'TTBR1_EL1 is not walked.'),
  tg1: bits(31, 30, 'Granule of the upper half: 1 is 16 KiB, 2 is 4 KiB, 3 is 64 KiB.'),
  ds: flag(59, 'Addresses of 52 bits with granules of 4 and 16 KiB.'),
})

export const TTBR_EL1 = layout('TTBR1_EL1', source, {
  base: address(47, 1, 1, 'Base of the first table.'),
})

export const PSTATE = layout('PSTATE', source, {
  exceptionLevel: bits(3, 2, 'Exception level.'),
  aarch32: flag(4, 'nRW: AArch32.'),
})

/** The instruction that waits for an interrupt. */
export const WFI = 0xd503207f

/**
 * What a vCPU did when it was saved. `waiting`: it stood at WFI in its kernel, so that no interrupt handler ran on it. `program`: it ran a
 * program, and no handler either. `kernel`: it ran in its kernel. `off`: it was not started, or was powered off.
 */
export const vcpuActivities = ['kernel', 'program', 'waiting', 'off', 'unknown'] as const
export type VcpuActivity = (typeof vcpuActivities)[number]

/** A vCPU when it was saved. */
export interface SavedVcpu {
  readonly did: VcpuActivity
  /**
   * It had taken an interrupt and not yet said that it was done with it: an active priority, of whatever interrupt. Undefined where the file does not
   * tell, or the kernel says so before its handler is called (ICC_CTLR_EL1.EOImode).
   */
  readonly isHandling?: boolean
}

export const ICC_CTLR_EL1 = layout('ICC_CTLR_EL1', source, {
  eoiMode: flag(
    1,
    'The end of an interrupt drops its priority and does not deactivate it: two writes, the first mostly before its handler.',
  ),
})
