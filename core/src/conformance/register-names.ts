import { GICR, GITS, GITS_ID_REGISTERS, redistributorAttr } from '../abi/index.ts'
import { qemuRestoreOrder, type RestoreStep } from '../kvm/index.ts'

const itsOffsets: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.entries(GITS).map(([name, offset]) => [`GITS_${name}`, offset])),
  ...Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`GITS_BASER${n}`, GITS.BASER0 + 8 * n])),
  ...Object.fromEntries(Object.entries(GITS_ID_REGISTERS).map(([name, { at }]) => [`GITS_${name}`, at])),
}
/** The registers of a redistributor that have 64 bits. */
const WIDE: readonly string[] = ['GICR_TYPER', 'GICR_PROPBASER', 'GICR_PENDBASER', 'GICR_INVLPIR', 'GICR_INVALLR']

/** The offset of the ITS register that a step names, by name or as a number: its attribute in KVM_DEV_ARM_VGIC_GRP_ITS_REGS. */
export function itsRegisterOffset(reg: string): bigint {
  return BigInt(itsOffsets[reg] ?? reg)
}

/**
 * The attributes of KVM_DEV_ARM_VGIC_GRP_REDIST_REGS that make up a redistributor's register: one for each 32-bit half, with the
 * vCPU's affinity above.
 */
export function redistributorAttributes(vcpuId: number, reg: string): bigint[] {
  const offset = (GICR as Readonly<Record<string, number>>)[reg.replace(/^GICR_/, '')] ?? Number(reg)
  return (WIDE.includes(reg) ? [offset, offset + 4] : [offset]).map((at) => redistributorAttr(vcpuId, at))
}

/** The ITS registers of a save that each step of a restore writes, but for GITS_CTLR. */
const restoredRegisters = {
  cbaser: ['GITS_CBASER'],
  iidr: ['GITS_IIDR'],
  creadr: ['GITS_CREADR'],
  cwriter: ['GITS_CWRITER'],
  basers: ['GITS_BASER0', 'GITS_BASER1'],
} as const satisfies Partial<Record<RestoreStep, readonly string[]>>

export type RestoredRegister = (typeof restoredRegisters)[keyof typeof restoredRegisters][number]

/** Those registers in the order in which QEMU writes them. */
export const qemuRegisterOrder: readonly RestoredRegister[] = qemuRestoreOrder.flatMap((step) =>
  step in restoredRegisters ? restoredRegisters[step as keyof typeof restoredRegisters] : [],
)
