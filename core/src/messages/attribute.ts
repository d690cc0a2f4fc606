import {
  GICD,
  GICR,
  GICR_SGI,
  GITS,
  iccName,
  KVM_DEV_ARM_VGIC_GRP,
  KVM_VGIC_ADDR_TYPE,
  LEVEL_INFO_ATTR,
  vcpuIdOf,
} from '../abi/index.ts'
import { type AttributeRow, gicAttributes, itsAttributes } from '../kvm/index.ts'

type Group = keyof typeof KVM_DEV_ARM_VGIC_GRP

/** An attribute of the GIC or of the ITS of KVM, read from its numbers. */
export interface DecodedAttribute {
  /** Undefined for a group that neither has. */
  readonly group: Group | undefined
  /** What the attribute is, in the uapi's name or in words. */
  readonly names: string
  /** Undefined where both have such a group, and neither such an attribute. */
  readonly device: 'ITS' | 'GIC' | undefined
  /** Only the group is told, and it has several attributes. */
  readonly isGroup: boolean
  /** By its name in `itsAttributes`; undefined for what is not the ITS's. */
  readonly call: keyof typeof itsAttributes | undefined
  readonly row: AttributeRow | undefined
}

const hex = (value: number | bigint) => `0x${value.toString(16)}`

/** Decodes `Group 4 attr 0x2`. Where only the group is told, what it is for; of an attribute that both devices have, the ITS's. */
export function decodeAttribute(number: number, attr: bigint | undefined): DecodedAttribute {
  const group = (Object.keys(KVM_DEV_ARM_VGIC_GRP) as Group[]).find((name) => KVM_DEV_ARM_VGIC_GRP[name] === number)
  const call = (Object.keys(itsAttributes) as (keyof typeof itsAttributes)[]).find((name) =>
    isOf(itsAttributes[name], group, attr),
  )
  const row = call === undefined ? Object.values(gicAttributes).find((one) => isOf(one, group, attr)) : itsAttributes[call]
  const isShared = row === undefined && (group === 'ADDR' || group === 'CTRL')
  const device = group === undefined || isShared ? undefined : call === undefined ? 'GIC' : 'ITS'
  const names = group === undefined ? `group ${number}, which neither the GIC nor the ITS has` : attributeName(group, attr, row)
  return { group, names, device, isGroup: attr === undefined && group !== undefined, call, row }
}

/** Where a group has several attributes, one that is not told is none of them. */
function isOf(row: AttributeRow, group: Group | undefined, attr: bigint | undefined): boolean {
  return row.group === group && (row.attr === undefined || (attr !== undefined && BigInt(row.attr) === attr))
}

function attributeName(group: Group, attr: bigint | undefined, row: AttributeRow | undefined): string {
  if (attr === undefined) return groups[group]
  const low = Number(attr & 0xffff_ffffn)
  switch (group) {
    case 'ADDR':
      return row?.name ?? `the address KVM_VGIC_${nameOf(KVM_VGIC_ADDR_TYPE, low) ?? low}_ADDR_TYPE`
    case 'CTRL':
      return row?.name ?? `attribute ${hex(attr)}, which is none`
    case 'ITS_REGS':
      return itsRegister(attr)
    case 'DIST_REGS':
      return `${nameOf(GICD, low, 'GICD_') ?? `offset ${hex(low)}`} of the distributor`
    case 'REDIST_REGS':
      return `${redistributorRegister(low)} of ${vcpu(attr)}`
    case 'CPU_SYSREGS':
      return `${iccName(low & 0xffff)} of ${vcpu(attr)}`
    case 'LEVEL_INFO':
      return `the lines of 32 interrupts from ${LEVEL_INFO_ATTR.intidOf(attr)} on, of ${vcpu(attr)}`
    case 'NR_IRQS':
      return groups.NR_IRQS
  }
}

const groups: Readonly<Record<Group, string>> = {
  ADDR: 'the address of a frame',
  DIST_REGS: 'a register of the distributor',
  NR_IRQS: 'the number of interrupts',
  CTRL: 'a control: making the device ready, saving, restoring or resetting tables',
  REDIST_REGS: 'a register of a redistributor',
  CPU_SYSREGS: 'a register of the CPU interface of a vCPU',
  LEVEL_INFO: 'the lines of 32 interrupts',
  ITS_REGS: 'a register of the ITS',
}

const nameOf = (table: Readonly<Record<string, number>>, value: number, prefix = ''): string | undefined => {
  const [name] = Object.entries(table).find(([, one]) => one === value) ?? []
  return name === undefined ? undefined : `${prefix}${name}`
}

function itsRegister(offset: bigint): string {
  const at = Number(offset)
  if (at >= GITS.BASER0 && at <= GITS.BASER7 && at % 8 === 0) return `GITS_BASER${(at - GITS.BASER0) / 8}`
  return nameOf(GITS, at, 'GITS_') ?? `offset ${hex(offset)} of the ITS`
}

/** A register of 64 bits is two attributes; the upper half has the name of the lower. */
function redistributorRegister(offset: number): string {
  const whole = nameOf(GICR, offset, 'GICR_') ?? nameOf(GICR_SGI, offset, 'GICR_')
  const lower = nameOf(GICR, offset - 4, 'GICR_')
  return whole ?? (lower === undefined ? `offset ${hex(offset)} of the redistributor` : `${lower}[63:32]`)
}

function vcpu(attr: bigint): string {
  return `vCPU ${vcpuIdOf(Number(attr >> 32n))}`
}
