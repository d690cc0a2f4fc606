import {
  affinityOf,
  KVM_DEV_ARM_CTRL as CTRL,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  KVM_VGIC_ADDR_TYPE,
  LEVEL_INFO_ATTR,
  VGIC_ADDR_UNDEF,
  VGIC_LEVEL_INFO_LINE_LEVEL,
} from '../abi/index.ts'
import {
  distributorFrame,
  type Frame,
  type Gic,
  type PrivateInterrupts,
  type RedistributorPort,
  redistributorFrame,
} from '../its/index.ts'
import { attempt, KvmError, type Outcome, word64 } from '../memory/index.ts'
import { writePendingTables } from '../tables/index.ts'
import { checkAttribute, type KvmDevice, type Machine } from './device.ts'

const DISTRIBUTOR_BYTES = 0x10000
const REDISTRIBUTOR_BYTES = 0x20000
/** Interrupts whose lines one attribute of LEVEL_INFO holds. */
const LINES = 32

/**
 * The GICv3 device of KVM (Documentation/virt/kvm/devices/arm-vgic-v3.rst) without SPIs: of the distributor only the registers that
 * concern LPIs and SGIs exist, and CPU_SYSREGS and NR_IRQS do not.
 */
export class KvmGic implements KvmDevice {
  readonly #vm: Machine
  #initialised = false
  readonly #addresses = new Map<number, bigint>()

  constructor(vm: Machine) {
    this.#vm = vm
  }

  get initialised(): boolean {
    return this.#initialised
  }

  setAttr(group: number, attr: bigint, value = 0n): Outcome<number> {
    checkAttribute(group, attr)
    word64('the value of an attribute', value)
    return attempt(() => {
      if (group === GRP.ADDR) this.#setAddress(Number(attr), value)
      else if (group === GRP.CTRL) this.#control(Number(attr))
      else if (group === GRP.REDIST_REGS) {
        const port = this.#redistributor(attr)
        redistributorFrame.restore(port, this.#checkedOffset(attr), 4, value)
      } else if (group === GRP.DIST_REGS) {
        distributorFrame.restore(this.#vm.gic, this.#checkedOffset(attr), 4, value)
      } else if (group === GRP.LEVEL_INFO) this.#privateLines(attr)?.setLines(Number(value))
      else throw noAttribute(group, attr)
      return 0
    })
  }

  getAttr(group: number, attr: bigint): Outcome<bigint> {
    checkAttribute(group, attr)
    return attempt(() => {
      if (group === GRP.ADDR && this.#hasAddress(Number(attr))) return this.#addresses.get(Number(attr)) ?? VGIC_ADDR_UNDEF
      if (group === GRP.REDIST_REGS) {
        const port = this.#redistributor(attr)
        return redistributorFrame.save(port, this.#checkedOffset(attr), 4)
      }
      if (group === GRP.LEVEL_INFO) return BigInt(this.#privateLines(attr)?.lines ?? 0)
      if (group !== GRP.DIST_REGS) throw noAttribute(group, attr)
      return distributorFrame.save(this.#vm.gic, this.#checkedOffset(attr), 4)
    })
  }

  hasAttr(group: number, attr: bigint): Outcome<undefined> {
    checkAttribute(group, attr)
    return attempt(() => {
      if (group === GRP.REDIST_REGS) {
        this.#redistributor(attr)
        requireRegister(redistributorFrame, attr)
      } else if (group === GRP.DIST_REGS) requireRegister(distributorFrame, attr)
      else if (group === GRP.LEVEL_INFO ? !asksForLines(attr) : !this.#hasPlainAttr(group, Number(attr)))
        throw noAttribute(group, attr)
      return undefined
    })
  }

  #hasPlainAttr(group: number, attr: number): boolean {
    if (group === GRP.ADDR) return this.#hasAddress(attr)
    return group === GRP.CTRL && (attr === CTRL.VGIC_CTRL_INIT || attr === CTRL.VGIC_SAVE_PENDING_TABLES)
  }

  #hasAddress(type: number): boolean {
    return type === KVM_VGIC_ADDR_TYPE.V3_DIST || type === KVM_VGIC_ADDR_TYPE.V3_REDIST
  }

  #setAddress(type: number, base: bigint): void {
    if (!this.#hasAddress(type)) throw noAttribute(GRP.ADDR, BigInt(type))
    if (this.#addresses.has(type)) throw new KvmError('EEXIST', 'the address was set already')
    this.#vm.checkFrame(base, type === KVM_VGIC_ADDR_TYPE.V3_DIST ? DISTRIBUTOR_BYTES : REDISTRIBUTOR_BYTES)
    this.#addresses.set(type, base)
  }

  #control(attr: number): void {
    if (attr === CTRL.VGIC_CTRL_INIT) {
      this.#initialised = true
      this.#vm.initDirect()
    } else if (attr === CTRL.VGIC_SAVE_PENDING_TABLES) {
      this.#vm.lockVcpus()
      if (!this.#initialised && !this.#vm.gic.quirks['pending-save-before-init']) {
        throw new KvmError('ENXIO', 'the GIC is not initialised')
      }
      if (this.#vm.direct === undefined) writePendingTables(this.#vm.gic)
      else this.#vm.direct.writePendingTables()
    } else throw noAttribute(GRP.CTRL, BigInt(attr))
  }

  /** The redistributor whose affinity is in [63:32] of the attribute. */
  #redistributor(attr: bigint): RedistributorPort {
    const { gic }: { gic: Gic } = this.#vm
    const affinity = Number(attr >> 32n)
    const vcpu = gic.redistributors.findIndex(({ vcpuId }) => affinityOf(vcpuId) === affinity)
    if (vcpu < 0) throw new KvmError('EINVAL', `no vCPU has affinity 0x${affinity.toString(16)}`)
    return { gic, vcpu }
  }

  /** Whether there is a register only KVM_HAS_DEVICE_ATTR says: what is none reads as 0, and ignores writes. */
  #checkedOffset(attr: bigint): number {
    this.#checkAccess()
    return offsetOf(attr)
  }

  #checkAccess(): void {
    this.#vm.lockVcpus()
    if (!this.#initialised) throw new KvmError('EBUSY', 'the GIC is not initialised')
  }

  /** The SGIs and PPIs whose lines the attribute names; undefined for SPIs, of which there are none. */
  #privateLines(attr: bigint): PrivateInterrupts | undefined {
    const { gic, vcpu } = this.#redistributor(attr)
    this.#checkAccess()
    if (!asksForLines(attr)) throw new KvmError('EINVAL', 'only lines can be asked for')
    const intid = LEVEL_INFO_ATTR.intidOf(attr)
    if (intid % LINES !== 0) throw new KvmError('EINVAL', `INTID ${intid} is no multiple of ${LINES}`)
    return intid === 0 ? gic.redistributors[vcpu]!.privates : undefined
  }
}

const asksForLines = (attr: bigint): boolean => LEVEL_INFO_ATTR.infoOf(attr) === VGIC_LEVEL_INFO_LINE_LEVEL

/** The offset in [31:0] of the attribute. */
const offsetOf = (attr: bigint): number => Number(attr & 0xffffffffn)

function requireRegister<D>(frame: Frame<D>, attr: bigint): void {
  const offset = offsetOf(attr)
  if (offset % 4 !== 0 || frame.find(offset) === undefined) {
    throw new KvmError('ENXIO', `no register of 32 bits at 0x${offset.toString(16)}`)
  }
}

function noAttribute(group: number, attr: bigint): KvmError {
  return new KvmError('ENXIO', `the GIC has no attribute 0x${attr.toString(16)} in group ${group}`)
}
