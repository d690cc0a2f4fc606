import type { Gic, Translaters } from '../its/index.ts'
import type { Outcome } from '../memory/index.ts'
import type { DirectInjection } from './gicv4/direct-injection.ts'

/** A KVM device file: what KVM_SET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR and KVM_HAS_DEVICE_ATTR do with it. Numbers as in the uapi. */
export interface KvmDevice {
  /** `value` is what the attribute's address points at. The outcome's value is what the ioctl answers: 0 but for an old kernel's restore. */
  setAttr(group: number, attr: bigint, value?: bigint): Outcome<number>
  getAttr(group: number, attr: bigint): Outcome<bigint>
  hasAttr(group: number, attr: bigint): Outcome<undefined>
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
