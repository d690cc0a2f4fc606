import { bits, flag, layout } from './layout.ts'

const proposal = 'J. Zhang, "KVM: arm64: vgic-its: Add a dummy DTE/ITE if necessary", 5 Nov 2024, patch 2/4'

/** The low 16 bits that mark a dummy head. */
export const HEAD_MAGIC = 0xdafe

/** A dummy head in the place of the DTE of DeviceID 0: not valid to a kernel that does not know it. */
export const HEAD_DTE = layout('head DTE', proposal, {
  magic: bits(15, 0, '0xdafe.'),
  first: bits(48, 16, 'First live DeviceID; 0 when there is none.'),
  valid: flag(63, 'Always 0.'),
})

/** A dummy head in the place of the ITE of EventID 0. */
export const HEAD_ITE = layout('head ITE', proposal, {
  magic: bits(15, 0, '0xdafe.'),
  pintid: bits(47, 16, 'Always 0.'),
  first: bits(63, 48, 'First live EventID; 0 when there is none.'),
})
