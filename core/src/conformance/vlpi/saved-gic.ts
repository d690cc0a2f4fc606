import { GICD, GICR, GICR_SGI, GITS, KVM_DEV_ARM_VGIC_GRP as GRP, LEVEL_INFO_ATTR, redistributorAttr } from '../../abi/index.ts'
import type { KvmDevice, KvmGic, KvmIts } from '../../kvm/index.ts'
import { KvmError } from '../../memory/index.ts'

/** A register as it goes back. */
export interface SavedRegister {
  readonly device: 'gic' | 'its'
  readonly group: number
  readonly attr: bigint
  readonly value: bigint
}

interface SavedDevices {
  readonly gic: KvmGic
  readonly its: KvmIts
}

type Read = (device: SavedRegister['device'], group: number, attr: bigint) => SavedRegister

const ALL = 0xffff_ffffn
const PRIORITY_WORDS = 8
/** GICR_CTLR comes last: it enables LPIs. */
const lpiRegisters = [GICR.PROPBASER, GICR.PROPBASER + 4, GICR.PENDBASER, GICR.PENDBASER + 4, GICR.CTLR]
/** GITS_CTLR comes last, after RESTORE_TABLES. */
const itsRegisters = [GITS.CBASER, GITS.CREADR, GITS.CWRITER, GITS.BASER0, GITS.BASER1, GITS.CTLR]

/** GICR_PROPBASER, GICR_PENDBASER and GICR_CTLR of a vCPU, 32 bits each, in the order in which they are written. */
export const lpiRegisterAttrs = (vcpuId: number): bigint[] => lpiRegisters.map((offset) => redistributorAttr(vcpuId, offset))

/**
 * What user space saves of a GIC with one ITS, as QEMU does, in the order in which it goes back: the distributor first, since KVM looks
 * at what is pending only while that forwards; then LPIs, SGIs and PPIs of each vCPU; then the ITS, GITS_CTLR last.
 */
export function saveRegisters(devices: SavedDevices, vcpuIds: readonly number[]): SavedRegister[] {
  const read: Read = (device, group, attr) => ({ device, group, attr, value: savedValue(devices[device], group, attr) })
  return [
    read('gic', GRP.DIST_REGS, BigInt(GICD.CTLR)),
    ...vcpuIds.flatMap((id) => lpiRegisterAttrs(id).map((attr) => read('gic', GRP.REDIST_REGS, attr))),
    ...vcpuIds.flatMap((id) => privateRegisters(read, id)),
    ...itsRegisters.map((offset) => read('its', GRP.ITS_REGS, BigInt(offset))),
  ]
}

/** SGIs and PPIs: enable and active bits are cleared before they are set, as writes of zeros change nothing. */
function privateRegisters(read: Read, vcpuId: number): SavedRegister[] {
  const attr = (offset: number) => redistributorAttr(vcpuId, offset)
  const saved = (offset: number) => read('gic', GRP.REDIST_REGS, attr(offset))
  const cleared = (offset: number): SavedRegister => ({ device: 'gic', group: GRP.REDIST_REGS, attr: attr(offset), value: ALL })
  return [
    saved(GICR_SGI.IGROUPR0),
    cleared(GICR_SGI.ICENABLER0),
    saved(GICR_SGI.ISENABLER0),
    read('gic', GRP.LEVEL_INFO, LEVEL_INFO_ATTR.ofPrivate(vcpuId)),
    saved(GICR_SGI.ISPENDR0),
    cleared(GICR_SGI.ICACTIVER0),
    saved(GICR_SGI.ISACTIVER0),
    ...Array.from({ length: PRIORITY_WORDS }, (_, n) => saved(GICR_SGI.IPRIORITYR + 4 * n)),
  ]
}

/** @throws KvmError for what the device does not answer. */
function savedValue(device: KvmDevice, group: number, attr: bigint): bigint {
  const read = device.getAttr(group, attr)
  if (!read.ok) throw new KvmError(read.errno, read.reason)
  return read.value
}
