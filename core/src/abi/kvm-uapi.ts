/** Device attribute groups (Linux include/uapi, arch/arm64 kvm.h): KVM_DEV_ARM_VGIC_GRP_*. */
export const KVM_DEV_ARM_VGIC_GRP = {
  ADDR: 0,
  DIST_REGS: 1,
  NR_IRQS: 3,
  CTRL: 4,
  REDIST_REGS: 5,
  CPU_SYSREGS: 6,
  LEVEL_INFO: 7,
  ITS_REGS: 8,
} as const

/** `kvm_create_device.type`: KVM_DEV_TYPE_*. */
export const KVM_DEV_TYPE = { ARM_VGIC_V3: 7, ARM_VGIC_ITS: 8 } as const

/** `kvm_create_device.flags`: it only asks whether such a device can be made. */
export const KVM_CREATE_DEVICE_TEST = 1

/** The ioctls by which a VMM saves and restores a VM's interrupts (include/uapi/linux/kvm.h, of a 64-bit host). */
export const KVM_IOCTL = {
  CREATE_VM: 0xae01,
  CREATE_VCPU: 0xae41,
  GET_DIRTY_LOG: 0x4010_ae42,
  SET_USER_MEMORY_REGION: 0x4020_ae46,
  SET_USER_MEMORY_REGION2: 0x40a0_ae49,
  RUN: 0xae80,
  SIGNAL_MSI: 0x4020_aea5,
  CREATE_DEVICE: 0xc00c_aee0,
  SET_DEVICE_ATTR: 0x4018_aee1,
  GET_DEVICE_ATTR: 0x4018_aee2,
} as const

/** Attributes of the CTRL group, on the GIC and on the ITS: KVM_DEV_ARM_VGIC_* and KVM_DEV_ARM_ITS_*. */
export const KVM_DEV_ARM_CTRL = {
  VGIC_CTRL_INIT: 0,
  ITS_SAVE_TABLES: 1,
  ITS_RESTORE_TABLES: 2,
  VGIC_SAVE_PENDING_TABLES: 3,
  ITS_CTRL_RESET: 4,
} as const

/** Attributes of the ADDR group: KVM_VGIC_*_ADDR_TYPE_*. */
export const KVM_VGIC_ADDR_TYPE = {
  V3_DIST: 2,
  V3_REDIST: 3,
  ITS: 4,
  V3_REDIST_REGION: 5,
} as const

/** The attribute of REDIST_REGS that names 32 bits of a vCPU's redistributor: its affinity above the offset from RD_base. */
export function redistributorAttr(vcpuId: number, offset: number): bigint {
  return (BigInt(affinityOf(vcpuId)) << 32n) | BigInt(offset)
}

/**
 * The attribute of LEVEL_INFO that names the lines of 32 interrupts of a vCPU, from a multiple of 32 on: affinity in [63:32], what is
 * asked in [31:10], of which there is only VGIC_LEVEL_INFO_LINE_LEVEL, and the INTID in [9:0].
 */
export const LEVEL_INFO_ATTR = {
  /** The lines of the SGIs and PPIs of a vCPU. */
  ofPrivate: (vcpuId: number): bigint => BigInt(affinityOf(vcpuId)) << 32n,
  infoOf: (attr: bigint): number => Number((attr >> 10n) & 0x3fffffn),
  intidOf: (attr: bigint): number => Number(attr & 0x3ffn),
} as const

/** VGIC_LEVEL_INFO_LINE_LEVEL. */
export const VGIC_LEVEL_INFO_LINE_LEVEL = 0

/** The most vCPUs that a VM with a GICv3 has. Source: KVM's arm_vgic.h. */
export const VGIC_V3_MAX_CPUS = 512

/** An address that was not set yet reads as this. */
export const VGIC_ADDR_UNDEF = 0xffff_ffff_ffff_ffffn

/** `kvm_msi.flags`: devid is valid. Every other flag is EINVAL. */
export const KVM_MSI_VALID_DEVID = 1

/** The affinity a vCPU gets from its id, as [23:16], [15:8], [7:0]: Aff0 has 4 bits only. */
export function affinityOf(vcpuId: number): number {
  return (vcpuId & 0xf) | (((vcpuId >>> 4) & 0xff) << 8) | (((vcpuId >>> 12) & 0xff) << 16)
}

/** The vCPU that has an affinity, as KVM gives it. */
export function vcpuIdOf(affinity: number): number {
  return (affinity & 0xf) | (((affinity >>> 8) & 0xff) << 4) | (((affinity >>> 16) & 0xff) << 12)
}
