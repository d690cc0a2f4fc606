import { FIRST_LPI, GICR_PENDBASER, GICR_PROPBASER, LPI_LIMIT, NEWEST, profiles, type Quirks } from '../abi/index.ts'
import {
  type ByteTable,
  elementAt,
  type Gpa,
  type GuestMemory,
  isKvmError,
  KvmError,
  wholeNumber,
  word64,
} from '../memory/index.ts'
import type { Events } from './events.ts'
import { Lpis } from './lpis.ts'
import { PrivateInterrupts } from './private-interrupts.ts'

// The compiler knows a constant of this module, and loads one of another each time.
const FIRST = FIRST_LPI

/** KVM_MAX_VCPUS of a VM with a GICv3 (VGIC_V3_MAX_CPUS). */
const MAX_VCPUS = 512
/** GICR_TYPER.Processor_Number has 16 bits. */
const MAX_PROCESSOR = 0xffff

/** One redistributor. */
export interface Redistributor {
  /** The processor number that RDbase names (GICR_TYPER); not always the index. */
  readonly vcpuId: number
  /** GICR_CTLR.EnableLPIs. */
  enableLpis: boolean
  /** GICR_PENDBASER as written, PTZ included. Set it with `Gic.setPendbaser`. */
  pendbaser: bigint
  /** Its pending table: bit n is of LPI n. */
  pendingTable: ByteTable
  /** Its SGIs and PPIs. */
  readonly privates: PrivateInterrupts
}

/** What GICv4.1 hardware is told when GICD_CTLR is written; see `Gic.directSgis`. */
export interface DirectSgisHooks {
  /** GICD_CTLR.nASSGIreq. */
  readonly requested: boolean
  /** The guest sets it: SGIs change over at once. */
  request(wanted: boolean): void
  /** User space sets it. */
  restoreRequest(wanted: boolean): void
  /** EnableGrp1 changed: resident vPEs must learn of it. */
  groupsChanged(): void
}

/** What a GIC is made from. */
export interface GicOptions {
  readonly memory: GuestMemory
  /** Default: the newest kernel's. */
  readonly quirks?: Quirks
  /** Processor numbers of the vCPUs there are from the start, by index. */
  readonly vcpuIds?: readonly number[]
}

const INITIAL_PROPBASER = GICR_PROPBASER.pack({ innerCache: 3, shareability: 1 })
const INITIAL_PENDBASER = GICR_PENDBASER.pack({ innerCache: 3, shareability: 1 })

/**
 * What all vCPUs and ITSes of a VM share: guest memory, the redistributors with their LPI tables, and the LPIs.
 *
 * vCPUs are named by index here; `vcpuOf` translates the RDbase of commands and tables.
 */
export class Gic {
  readonly memory: GuestMemory
  readonly quirks: Quirks
  readonly lpis = new Lpis()
  /** SGIs that GICv4.1 hardware can deliver; undefined without it. */
  directSgis: DirectSgisHooks | undefined
  readonly redistributors: Redistributor[] = []
  /** The events of each ITS of the VM: their cached translations fall when a redistributor disables LPIs. */
  readonly itsEvents: Events[] = []
  #propbaser = 0n
  /** The LPI configuration table, one for the whole VM: byte n - 8192 is of LPI n. */
  #configTable: ByteTable
  #lpiLimit = 2
  readonly #vcpus = new Map<number, number>()

  constructor({ memory, quirks = profiles[NEWEST].quirks, vcpuIds = [] }: GicOptions) {
    this.memory = memory
    this.quirks = quirks
    this.#configTable = memory.byteTable(0 as Gpa)
    for (const id of vcpuIds) this.addVcpu(id)
  }

  /**
   * Adds a redistributor and returns its index. @throws RangeError for a processor number that is taken or has more than 16 bits, and for
   * one more vCPU than a GICv3 of KVM may have; nothing is added then.
   */
  addVcpu(vcpuId: number): number {
    wholeNumber('the vCPU', vcpuId, 0, MAX_PROCESSOR)
    if (this.redistributors.length === MAX_VCPUS) throw new RangeError(`there are ${MAX_VCPUS} vCPUs already`)
    if (this.#vcpus.has(vcpuId)) throw new RangeError(`there is a vCPU ${vcpuId} already`)
    const index = this.redistributors.length
    this.lpis.addVcpu()
    this.#vcpus.set(vcpuId, index)
    const privates = new PrivateInterrupts(() => this.lpis.delivering)
    const pendingTable = this.memory.byteTable(0 as Gpa)
    this.redistributors.push({ vcpuId, enableLpis: false, pendbaser: INITIAL_PENDBASER, pendingTable, privates })
    return index
  }

  /** The index of the vCPU that RDbase names, or -1. */
  vcpuOf(rdBase: number): number {
    const named = this.#vcpus.get(rdBase) ?? -1
    const counted = rdBase < this.redistributors.length ? rdBase : -1
    return named !== counted && this.quirks['target-is-index'] ? counted : named
  }

  /** The RDbase that names a vCPU. @throws RangeError for an index that no vCPU has. */
  rdBaseOf(vcpu: number): number {
    const { vcpuId } = this.#redistributor(vcpu)
    return vcpuId !== vcpu && this.quirks['target-is-index'] ? vcpu : vcpuId
  }

  get propbaser(): bigint {
    return this.#propbaser
  }

  /** Stores a sanitised GICR_PROPBASER. @throws RangeError for what is no bigint of 64 bits. */
  setPropbaser(value: bigint): void {
    word64('GICR_PROPBASER', value)
    this.#propbaser = value
    const { address, idBits } = GICR_PROPBASER.unpack(value)
    this.#configTable = this.memory.byteTable(address as Gpa)
    this.#lpiLimit = Math.min(2 ** (idBits + 1), LPI_LIMIT)
  }

  /** The value GICR_PROPBASER has once an ITS was created. */
  resetPropbaser(): void {
    this.setPropbaser(INITIAL_PROPBASER)
  }

  /** Stores a sanitised GICR_PENDBASER. @throws RangeError for an index that no vCPU has, and for what is no bigint of 64 bits. */
  setPendbaser(vcpu: number, value: bigint): void {
    const redistributor = this.#redistributor(vcpu)
    word64('GICR_PENDBASER', value)
    redistributor.pendbaser = value
    redistributor.pendingTable = this.memory.byteTable(GICR_PENDBASER.unpack(value).address as Gpa)
  }

  /** INTIDs below this can be mapped by MAPTI: 2^(GICR_PROPBASER.IDbits + 1), at most 2^16. */
  get lpiLimit(): number {
    return this.#lpiLimit
  }

  /**
   * Takes a reference of an LPI for an event. A new LPI reads its configuration byte and, with a target, its pending bit, which is
   * cleared in guest RAM; one that exists keeps its state, and where several events may have it its target.
   *
   * @param vcpu index of its target, or -1.
   * @returns its handle, see `Lpis`.
   * @throws KvmError EFAULT when the configuration byte or the pending bit is not in guest RAM; nothing is created then.
   * EEXIST for an LPI that an event has, on kernels that allow one.
   * @source vgic-its.c vgic_add_lpi
   */
  mapLpi(intid: number, vcpu: number): number {
    const known = this.lpis.find(intid)
    return known === 0 ? this.#createLpi(intid, vcpu) : this.#holdLpi(known, intid, vcpu)
  }

  /** True when an event has the LPI; one that only waits in a queue is not mapped. */
  isLpiMapped(intid: number): boolean {
    const known = this.lpis.find(intid)
    return known !== 0 && this.lpis.references(known) > 0
  }

  /** The address of an LPI's configuration byte. */
  configAt(intid: number): Gpa {
    return (this.#configTable.base + intid - FIRST) as Gpa
  }

  /** The address of the byte that holds an LPI's pending bit, bit `intid % 8`. */
  pendingAt(intid: number, vcpu: number): Gpa {
    return (this.redistributors[vcpu]!.pendingTable.base + (intid >>> 3)) as Gpa
  }

  /** Rereads an LPI's configuration byte, as INV does. @throws KvmError EFAULT. */
  reconfigure(handle: number): void {
    this.lpis.configure(handle, this.#config(this.lpis.intid(handle)))
  }

  /** Rereads the configuration of all LPIs that target a vCPU, as INVALL does; those outside guest RAM keep theirs. */
  reconfigureAll(vcpu: number): void {
    const { lpis, memory } = this
    for (let handle = lpis.first(); handle !== 0; handle = lpis.after(handle)) {
      if (lpis.target(handle) !== vcpu) continue
      if (memory.contains(this.configAt(lpis.intid(handle)))) this.reconfigure(handle)
    }
  }

  /**
   * Writes GICR_CTLR.EnableLPIs. Enabling with PTZ 0 loads the pending bits of the LPIs that target the vCPU, up to the first that is
   * not in guest RAM; disabling drops the pending state of what is queued for it and every cached translation.
   *
   * @throws RangeError for an index that no vCPU has.
   */
  setEnableLpis(vcpu: number, enable: boolean): void {
    const redistributor = this.#redistributor(vcpu)
    if (redistributor.enableLpis === enable) return
    redistributor.enableLpis = enable
    if (!enable) {
      if (!this.quirks['disable-lpis-keeps-pending']) this.lpis.flush(vcpu, this.quirks)
      for (const events of this.itsEvents) events.invalidate()
    } else if (!GICR_PENDBASER.unpack(redistributor.pendbaser).ptz) this.#loadPending(vcpu)
  }

  #redistributor(vcpu: number): Redistributor {
    return elementAt(this.redistributors, 'vCPU', vcpu)
  }

  #loadPending(vcpu: number): void {
    const { lpis, memory } = this
    for (let handle = lpis.first(); handle !== 0; handle = lpis.after(handle)) {
      const intid = lpis.intid(handle)
      const at = this.pendingAt(intid, vcpu)
      if (!memory.contains(at)) return
      if (lpis.target(handle) === vcpu) lpis.setPending(handle, this.#isPending(intid, vcpu))
      lpis.offer(handle)
    }
  }

  #holdLpi(known: number, intid: number, vcpu: number): number {
    const { lpis } = this
    if (!this.quirks['lpi-mapped-by-many']) {
      if (lpis.references(known) > 0) throw new KvmError('EEXIST', `an event has LPI ${intid} already`, { what: 'ITE' })
      lpis.retarget(known, vcpu)
    }
    lpis.hold(known)
    return known
  }

  #createLpi(intid: number, vcpu: number): number {
    try {
      const config = this.#config(intid)
      const pending = vcpu >= 0 && this.#isPending(intid, vcpu)
      if (pending) this.#consumePending(intid, vcpu)
      return this.lpis.create(intid, vcpu, config, pending)
    } catch (error) {
      if (isKvmError(error)) this.#leakLpi(intid, vcpu)
      throw error
    }
  }

  /** An LPI that cannot be mapped, because one of its two bytes is not in guest RAM, is there all the same on old kernels. */
  #leakLpi(intid: number, vcpu: number): void {
    if (!this.quirks['failed-mapti-leaks-lpi']) return
    const hasConfig = this.memory.contains(this.configAt(intid))
    this.lpis.create(intid, vcpu, hasConfig ? this.#config(intid) : 0)
  }

  #config(intid: number): number {
    return this.#configTable.u8(intid - FIRST)
  }

  #isPending(intid: number, vcpu: number): boolean {
    return ((this.redistributors[vcpu]!.pendingTable.u8(intid >>> 3) >>> (intid & 7)) & 1) !== 0
  }

  #consumePending(intid: number, vcpu: number): void {
    const at = this.pendingAt(intid, vcpu)
    this.memory.setU8(at, this.memory.u8(at) & ~(1 << (intid & 7)))
  }
}
