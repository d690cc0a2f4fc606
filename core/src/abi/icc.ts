/** The registers of the CPU interface by what KVM numbers them with: Op0 [15:14], Op1 [13:11], CRn [10:7], CRm [6:3], Op2 [2:0]. */
const registers: Readonly<Record<number, string>> = {
  49712: 'ICC_PMR_EL1',
  50755: 'ICC_BPR0_EL1',
  50787: 'ICC_BPR1_EL1',
  50788: 'ICC_CTLR_EL1',
  50789: 'ICC_SRE_EL1',
  50790: 'ICC_IGRPEN0_EL1',
  50791: 'ICC_IGRPEN1_EL1',
}

/** Active priorities, four words each. */
const arrays = { ICC_AP0R: 0xc644, ICC_AP1R: 0xc648 } as const

/**
 * What a register of KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS is called: `ICC_PMR_EL1`, or as assemblers write one without a name.
 *
 * @source Linux Documentation/virt/kvm/devices/arm-vgic-v3.rst; Arm IHI 0069, "AArch64 System register descriptions"
 */
export function iccName(encoding: number): string {
  const name = registers[encoding]
  if (name !== undefined) return name
  for (const [array, first] of Object.entries(arrays)) {
    if (encoding >= first && encoding < first + 4) return `${array}${encoding - first}_EL1`
  }
  const field = (shift: number, bits: number) => (encoding >>> shift) & (2 ** bits - 1)
  return `S${field(14, 2)}_${field(11, 3)}_C${field(7, 4)}_C${field(3, 4)}_${field(0, 3)}`
}
