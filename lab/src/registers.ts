import { GICR, GITS } from '@vits/core'

const itsOffsets: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.entries(GITS).map(([name, offset]) => [`GITS_${name}`, offset])),
  ...Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`GITS_BASER${n}`, GITS.BASER0 + 8 * n])),
  ...Object.fromEntries([4, 5, 6, 7, 0, 1, 2, 3].map((n, i) => [`GITS_PIDR${n}`, 0xffd0 + 4 * i])),
  ...Object.fromEntries([0, 1, 2, 3].map((n) => [`GITS_CIDR${n}`, 0xfff0 + 4 * n])),
}

/** The offset of an ITS register that a step names, by name or as a number. */
export function itsRegisterOffset(reg: string): number {
  const offset = itsOffsets[reg] ?? Number(reg)
  if (Number.isNaN(offset)) throw new RangeError(`no ITS register ${reg}`)
  return offset
}

const wide = new Set(['GICR_TYPER', 'GICR_PROPBASER', 'GICR_PENDBASER', 'GICR_INVLPIR', 'GICR_INVALLR'])

/** The attributes of KVM_DEV_ARM_VGIC_GRP_REDIST_REGS that make up a register: the vCPU's affinity and each 32-bit half. */
export function redistributorRegister(vcpuId: number, reg: string): { readonly attributes: readonly bigint[] } {
  const offset = (GICR as Readonly<Record<string, number>>)[reg.replace(/^GICR_/, '')] ?? Number(reg)
  if (Number.isNaN(offset)) throw new RangeError(`no redistributor register ${reg}`)
  const affinity = BigInt((vcpuId & 0xf) | (((vcpuId >> 4) & 0xff) << 8) | ((vcpuId >> 12) << 16)) << 32n
  const halves = wide.has(reg) ? [offset, offset + 4] : [offset]
  return { attributes: halves.map((at) => affinity | BigInt(at)) }
}
