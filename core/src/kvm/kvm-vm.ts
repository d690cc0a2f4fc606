import { KVM_MSI_VALID_DEVID, NEWEST, type ProfileId, profileWithId, type Quirks } from '../abi/index.ts'
import { Gic, type Msi, Translaters } from '../its/index.ts'
import {
  type Backing,
  counted,
  elementAt,
  errnos,
  type Gpa,
  GuestMemory,
  INSPECT,
  KvmError,
  listText,
  wholeNumber,
  word64,
} from '../memory/index.ts'
import type { Machine } from './device.ts'
import { AssignedIrqs } from './gicv4/assigned-irqs.ts'
import { DirectInjection } from './gicv4/direct-injection.ts'
import { DirectSgis } from './gicv4/direct-sgis.ts'
import type { GicHost } from './gicv4/host.ts'
import { KvmGic } from './kvm-gic.ts'
import { KvmIts } from './kvm-its.ts'

/** KVM_USER_MEM_SLOTS is below this: a slot's number has 16 bits, above it is its address space. */
const MAX_SLOT = 0xffff

/** What a VM is made from. */
export interface KvmVmOptions {
  /** The kernel to behave like; default: the newest. */
  readonly kernel?: ProfileId
  /** Its quirks, where they are not to be those of its profile. */
  readonly quirks?: Quirks
  /** Bits of guest physical addresses, 32 to 52; KVM's default is 40. */
  readonly ipaBits?: number
  /** Guest RAM that is there already; more can be added with `setMemory`. */
  readonly memory?: GuestMemory
  /** The machine to run on, when it has GICv4: LPIs of passed-through devices can then be delivered by hardware. */
  readonly host?: GicHost
}

/** A vCPU, as far as its GIC cares. */
export interface KvmVcpu {
  readonly index: number
  /** The vcpu_id of KVM_CREATE_VCPU, which RDbase names. */
  readonly id: number
  /** Inside KVM_RUN: most device attributes answer EBUSY meanwhile. */
  running: boolean
}

/**
 * A virtual machine at KVM's system call boundary, as far as a GICv3 with ITSes goes: memory slots, vCPUs, the GIC device, ITS devices
 * and MSIs, with KVM's numbers and errnos.
 */
export class KvmVm implements Machine {
  readonly kernel: ProfileId
  readonly ipaBits: number
  readonly memory: GuestMemory
  readonly gic: Gic
  readonly translaters = new Translaters()
  readonly vcpus: KvmVcpu[] = []
  readonly itses: KvmIts[] = []
  readonly direct: DirectInjection | undefined
  /** The interrupts of passed-through devices; undefined without GICv4. */
  readonly assigned: AssignedIrqs | undefined
  #gicDevice: KvmGic | undefined
  #sgis: DirectSgis | undefined
  readonly #slots = new Map<number, Gpa>()

  constructor({
    kernel = NEWEST,
    quirks = profileWithId(kernel).quirks,
    ipaBits = 40,
    memory = new GuestMemory(),
    host,
  }: KvmVmOptions = {}) {
    this.kernel = kernel
    this.ipaBits = wholeNumber('the bits of an IPA', ipaBits, 32, 52)
    this.memory = memory
    this.gic = new Gic({ memory, quirks })
    this.direct = host && new DirectInjection(this.gic, host)
    this.assigned = this.direct && new AssignedIrqs(this.translaters, this.direct)
  }

  /**
   * KVM_SET_USER_MEMORY_REGION: adds a slot, or with 0 bytes takes one away with its contents. A slot is zeros, unless the VM was made
   * with memory that has a region just there: then it is that region. A slot that there is already is replaced.
   *
   * @throws RangeError for a slot of more than 16 bits and where `GuestMemory.addRegion` does: the slot is what it was before then.
   */
  setMemory(slot: number, base: Gpa, bytes: number, backing: Backing = 'flat'): void {
    wholeNumber('the slot', slot, 0, MAX_SLOT)
    const old = this.#slots.get(slot)
    if (bytes === 0) {
      if (old !== undefined) this.memory.removeRegion(old)
      this.#slots.delete(slot)
      return
    }
    const isThere = base !== old && this.memory.ranges.some((range) => range.base === base && range.bytes === bytes)
    if (old !== undefined) this.memory.replaceRegion(old, isThere ? undefined : { base, bytes, backing })
    else if (!isThere) this.memory.addRegion({ base, bytes, backing })
    this.#slots.set(slot, base)
  }

  /** KVM_CREATE_VCPU. Default id: the index. @throws RangeError for an id that `Gic.addVcpu` refuses. */
  createVcpu(id = this.vcpus.length): KvmVcpu {
    const vcpu: KvmVcpu = { index: this.gic.addVcpu(id), id, running: false }
    this.vcpus.push(vcpu)
    return vcpu
  }

  /** KVM_CREATE_DEVICE of KVM_DEV_TYPE_ARM_VGIC_V3. @throws KvmError EEXIST the second time. */
  createGic(): KvmGic {
    if (this.#gicDevice !== undefined) throw new KvmError('EEXIST', 'the VM has a GIC')
    this.#gicDevice = new KvmGic(this)
    return this.#gicDevice
  }

  /** KVM_CREATE_DEVICE of KVM_DEV_TYPE_ARM_VGIC_ITS; a VM may have several. Each sets GICR_PROPBASER back to its first value. */
  createIts(): KvmIts {
    this.gic.resetPropbaser()
    const its = new KvmIts(this)
    this.itses.push(its)
    if (this.#gicDevice?.initialised) this.initDirect()
    return its
  }

  /** The host can deliver LPIs itself (kvm_vgic_global_state.has_gicv4). */
  get hasGicv4(): boolean {
    return this.direct !== undefined
  }

  /** It can also say what is pending, and deliver SGIs (has_gicv4_1). */
  get hasGicv41(): boolean {
    return this.direct?.hasGicv41 ?? false
  }

  /** SGIs, as far as GICv4.1 can deliver them; undefined without it, and before the GIC is initialised. */
  get sgis(): DirectSgis | undefined {
    return this.#sgis
  }

  /**
   * KVM_RUN begins on a physical processor of the host. @throws KvmError EINVAL while a save has its vPE unmapped; Linux warns. @throws
   * RangeError for an index that no vCPU has.
   */
  loadVcpu(index: number, processor = 0): void {
    const vcpu = this.#vcpu(index)
    this.#sgis?.run()
    this.direct?.load(index, processor)
    vcpu.running = true
  }

  /**
   * KVM_RUN ends. `blocks`: the guest waits for an interrupt (WFI).
   *
   * @returns true when hardware says that one may be pending, so that it need not wait.
   * @throws RangeError for an index that no vCPU has.
   */
  putVcpu(index: number, { blocks = false }: { readonly blocks?: boolean } = {}): boolean {
    this.#vcpu(index).running = false
    return this.direct?.put(index, { blocks }) ?? false
  }

  /** GICv4.1 is used from the start, for SGIs; GICv4.0 only by a VM that has an ITS. @source vgic-init.c vgic_init, vgic-its.c vgic_its_create */
  initDirect(): void {
    if (this.hasGicv41 || this.itses.length > 0) this.direct?.init()
    if (this.direct?.hasGicv41) this.gic.directSgis = this.#sgis ??= new DirectSgis(this.gic, this.direct)
  }

  /**
   * KVM_SIGNAL_MSI. @returns 1 delivered, 0 not mapped, or a negative errno. @throws RangeError for IDs or flags that are no u32, and for
   * what is no address.
   */
  signalMsi({ address, deviceId, eventId, flags }: Msi): number {
    wholeNumber('the address of an MSI', address, 0, Number.MAX_SAFE_INTEGER)
    for (const [what, value] of [
      ['DeviceID', deviceId],
      ['EventID', eventId],
      ['the flags', flags],
    ] as const)
      wholeNumber(what, value, 0, 0xffff_ffff)
    if (this.#gicDevice === undefined || (flags & ~KVM_MSI_VALID_DEVID) !== 0) return -errnos.EINVAL
    if (this.itses.length === 0) return -errnos.ENODEV
    return this.translaters.signal(address, deviceId, eventId, flags)
  }

  #vcpu(index: number): KvmVcpu {
    return elementAt(this.vcpus, 'vCPU', index)
  }

  lockVcpus(): void {
    const running = this.vcpus.find((vcpu) => vcpu.running)
    if (running !== undefined) throw new KvmError('EBUSY', `vCPU ${running.id} runs`)
  }

  checkFrame(base: bigint, bytes: number): void {
    word64('the address of a frame', base)
    if ((base & 0xffffn) !== 0n) throw new KvmError('EINVAL', `0x${base.toString(16)} is not 64 KiB aligned`)
    const limit = 1n << BigInt(this.ipaBits)
    if (base >= limit || (base + BigInt(bytes) > limit && !this.gic.quirks['frame-past-ipa'])) {
      throw new KvmError('E2BIG', `0x${base.toString(16)} is past the ${this.ipaBits}-bit address space`)
    }
  }

  /** What console.log shows. */
  [INSPECT](): string {
    const heading = `KvmVm ${this.kernel}, ${counted(this.vcpus.length, 'vCPU')}, ${counted(this.itses.length, 'ITS', 'ITSes')}`
    return listText(
      heading,
      [this.memory, ...this.itses].map((part) => part[INSPECT]().replaceAll('\n', '\n  ')),
      1 + this.itses.length,
    )
  }
}
