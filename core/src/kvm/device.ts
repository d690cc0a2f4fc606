import type { Gic, Translaters } from '../its/index.ts'
import { type Outcome, wholeNumber, word64 } from '../memory/index.ts'
import type { DirectInjection } from './gicv4/direct-injection.ts'

/**
 * A KVM device file: what KVM_SET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR and KVM_HAS_DEVICE_ATTR do with it. Numbers as in the uapi: each
 * throws a RangeError for a group that is no u32, and for attributes and values that are no bigints of 64 bits.
 */
export interface KvmDevice {
  /** `value` is what the attribute's address points at. The outcome's value is what the ioctl answers: 0 but for an old kernel's restore. */
  setAttr(group: number, attr: bigint, value?: bigint): Outcome<number>
  getAttr(group: number, attr: bigint): Outcome<bigint>
  hasAttr(group: number, attr: bigint): Outcome<undefined>
}

/** @throws RangeError for numbers that no attribute can have. */
export function checkAttribute(group: number, attr: bigint): void {
  wholeNumber('the group of an attribute', group, 0, 0xffff_ffff)
  word64('the attribute', attr)
}

/** What a device needs of the VM it belongs to. */
export interface Machine {
  readonly gic: Gic
  readonly translaters: Translaters
  /** LPIs that the host's hardware delivers, where it has GICv4. */
  readonly direct: DirectInjection | undefined
  readonly hasGicv41: boolean
  /** The GIC was initialised. */
  initDirect(): void
  /** @throws KvmError EBUSY while a vCPU runs. */
  lockVcpus(): void
  /** Whether a frame may be put there. @throws KvmError EINVAL when not 64 KiB aligned, E2BIG when not below the IPA limit. */
  checkFrame(base: bigint, bytes: number): void
}
