import {
  KVM_DEV_ARM_CTRL as CTRL,
  GITS,
  GITS_ID_REGISTERS,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  ITS_FRAME_BYTES,
  KVM_VGIC_ADDR_TYPE,
  VGIC_ADDR_UNDEF,
} from '../abi/index.ts'
import { Its, itsFrame, type Register } from '../its/index.ts'
import { attempt, INSPECT, KvmError, type Outcome, word64 } from '../memory/index.ts'
import { restoredBy, savePlan, walkInto, writeTables } from '../tables/index.ts'
import { checkAttribute, type KvmDevice, type Machine } from './device.ts'

/** An ITS device of KVM (Documentation/virt/kvm/devices/arm-vgic-its.rst). */
export class KvmIts implements KvmDevice {
  readonly its: Its
  readonly #vm: Machine
  #base = VGIC_ADDR_UNDEF
  #entriesRead = 0

  constructor(vm: Machine) {
    this.#vm = vm
    this.its = new Its(vm.gic)
  }

  /** Address of the frame; VGIC_ADDR_UNDEF before it is set. */
  get base(): bigint {
    return this.#base
  }

  /** Table entries that the last RESTORE_TABLES read, valid or not, until it was done or failed: its time goes by them. 0 before the first. */
  get entriesRead(): number {
    return this.#entriesRead
  }

  setAttr(group: number, attr: bigint, value = 0n): Outcome<number> {
    checkAttribute(group, attr)
    word64('the value of an attribute', value)
    return attempt(() => {
      if (group === GRP.ADDR) this.#setAddress(attr, value)
      else if (group === GRP.CTRL) return this.#control(Number(attr))
      else if (group === GRP.ITS_REGS) {
        const register = this.#lockedRegister(attr)
        const write = register.restore ?? register.write
        write?.(this.its, value)
      } else throw noAttribute(group, attr)
      return 0
    })
  }

  getAttr(group: number, attr: bigint): Outcome<bigint> {
    checkAttribute(group, attr)
    return attempt(() => {
      if (group === GRP.ITS_REGS) return this.#lockedRegister(attr).read(this.its)
      if (group !== GRP.ADDR) throw noAttribute(group, attr)
      if (attr !== BigInt(KVM_VGIC_ADDR_TYPE.ITS)) throw noAddress(attr)
      return this.#base
    })
  }

  hasAttr(group: number, attr: bigint): Outcome<undefined> {
    checkAttribute(group, attr)
    return attempt(() => {
      if (group === GRP.ITS_REGS) registerAt(attr)
      else if (!this.#hasPlainAttr(group, Number(attr))) throw noAttribute(group, attr)
      return undefined
    })
  }

  #hasPlainAttr(group: number, attr: number): boolean {
    if (group === GRP.ADDR) return attr === KVM_VGIC_ADDR_TYPE.ITS
    const controls: readonly number[] = [CTRL.VGIC_CTRL_INIT, CTRL.ITS_SAVE_TABLES, CTRL.ITS_RESTORE_TABLES]
    if (group !== GRP.CTRL) return false
    return controls.includes(attr) || (attr === CTRL.ITS_CTRL_RESET && !this.#vm.gic.quirks['no-ctrl-reset'])
  }

  #setAddress(attr: bigint, base: bigint): void {
    if (attr !== BigInt(KVM_VGIC_ADDR_TYPE.ITS)) throw noAddress(attr)
    if (this.#base !== VGIC_ADDR_UNDEF) throw new KvmError('EEXIST', `the ITS is at 0x${this.#base.toString(16)}`)
    this.#vm.checkFrame(base, ITS_FRAME_BYTES)
    this.#base = base
    this.#vm.translaters.add(Number(base), this.its)
  }

  #control(attr: number): number {
    if (attr === CTRL.VGIC_CTRL_INIT) return 0
    const { quirks } = this.#vm.gic
    const isKnown = this.#hasPlainAttr(GRP.CTRL, attr)
    if (!isKnown && quirks['no-ctrl-reset'])
      throw new KvmError('EFAULT', `attribute ${attr} is taken for a register without a value`)
    this.#vm.lockVcpus()
    if (!isKnown && !quirks['unknown-ctrl-accepted']) throw noAttribute(GRP.CTRL, BigInt(attr))
    if (attr === CTRL.ITS_CTRL_RESET) this.its.reset()
    else if (attr === CTRL.ITS_SAVE_TABLES) writeTables(this.its, savePlan(this.its, { gicv41: this.#vm.hasGicv41 }))
    else if (attr === CTRL.ITS_RESTORE_TABLES) return this.#restoreTables()
    return 0
  }

  #restoreTables(): number {
    const walked = walkInto(this.its.memory, this.its, { quirks: this.#vm.gic.quirks })
    this.#entriesRead = walked.entries
    return restoredBy(walked).answer
  }

  #lockedRegister(attr: bigint): Register<Its> {
    if (attr % alignmentOf(attr) !== 0n) throw misaligned(attr)
    this.#vm.lockVcpus()
    if (this.#base === VGIC_ADDR_UNDEF) throw new KvmError('ENXIO', 'the ITS has no address yet')
    return registerAt(attr)
  }

  /** What console.log shows. */
  [INSPECT](): string {
    const place = this.#base === VGIC_ADDR_UNDEF ? 'without an address' : `at 0x${this.#base.toString(16)}`
    return `KvmIts ${place}: ${this.its[INSPECT]()}`
  }
}

/** Userspace may not use halves of 64-bit registers; 32-bit registers are before GITS_TYPER and from GITS_PIDR4 on. */
function alignmentOf(attr: bigint): bigint {
  return attr < GITS.TYPER || attr >= GITS_ID_REGISTERS.PIDR4.at ? 4n : 8n
}

function registerAt(attr: bigint): Register<Its> {
  if (attr % alignmentOf(attr) !== 0n) throw misaligned(attr)
  const register = attr < ITS_FRAME_BYTES ? itsFrame.find(Number(attr)) : undefined
  if (register === undefined) throw noAttribute(GRP.ITS_REGS, attr)
  return register
}

function misaligned(attr: bigint): KvmError {
  return new KvmError('EINVAL', `register offset 0x${attr.toString(16)} is not aligned`)
}

function noAttribute(group: number, attr: bigint): KvmError {
  return new KvmError('ENXIO', `an ITS has no attribute 0x${attr.toString(16)} in group ${group}`)
}

function noAddress(attr: bigint): KvmError {
  return new KvmError('ENODEV', `an ITS has no address of type ${attr}`)
}
