import { FIRST_LPI, LPI_LIMIT, type Quirks } from '../abi/index.ts'
import { grown } from './grown.ts'
import { HighIntids } from './high-intids.ts'
import { LpiLinks, LpiQueue } from './lpi-queue.ts'

// The compiler knows a constant of this module, and loads one of another each time.
const FIRST = FIRST_LPI
const LIMIT = LPI_LIMIT

const ENABLED = 1
const PENDING = 2
/** In the queue of its owner. */
const QUEUED = 4
/** Delivered by GICv4 hardware, which then holds the pending bit. */
const FORWARDED = 8
/** The LPI exists: the word of one that does not is 0. */
const EXISTS = 16
/** Priority [7:2] of the configuration byte is kept in [10:5]. */
const LEVEL_SHIFT = 5
const LEVEL_MASK = 0x3f
/** vCPU index + 1; 0 is none. Target in [20:11], owner of the queue that holds it in [30:21]. */
const TARGET_SHIFT = 11
const OWNER_SHIFT = 21
const VCPU_MASK = 0x3ff
/** The most vCPUs a VM may have here; KVM allows 512. */
export const VCPU_LIMIT = VCPU_MASK

const TARGET = VCPU_MASK << TARGET_SHIFT
const CONFIGURED = (LEVEL_MASK << LEVEL_SHIFT) | ENABLED

/** Of a state word: the target, and what is taken from a byte of the configuration table. */
const targeting = (vcpu: number): number => (vcpu + 1) << TARGET_SHIFT
const configured = (config: number): number => ((config >>> 2) << LEVEL_SHIFT) | (config & ENABLED)

/** What GICv4 hardware is told about LPIs that it delivers; see `Lpis.setForwarded`. */
export interface Forwarding {
  setPending(intid: number, pending: boolean): void
  retarget(intid: number, vcpu: number): void
  configure(intid: number, config: number): void
  unmap(intid: number): void
}

/**
 * The LPIs of a VM (KVM: `struct vgic_irq` in lpi_xa): one state word each, shared by all ITSes.
 *
 * An LPI exists while an event refers to it or it waits in a vCPU's queue. It is named by a *handle*: its INTID up to 65535, which
 * is all that MAPTI accepts; RESTORE_TABLES does not check the limit, so higher INTIDs get handles from 65536 on.
 */
export class Lpis {
  /** GICD_CTLR.EnableGrp1: while it is off, nothing is queued. */
  delivering = false
  /** Per vCPU index: 1 once something was queued for it or made pending again; the embedder clears it. */
  readonly kicks: number[] = []
  readonly queues: LpiQueue[] = []
  forwarding: Forwarding | undefined
  readonly #links = new LpiLinks()
  /** Indexed by handle - 8192, as are `#references` and the links. */
  #state = new Int32Array(0)
  #references = new Int32Array(0)
  /** How many LPIs had been created with it. */
  #created = new Int32Array(0)
  #creations = 0
  #forgotten = 0
  readonly #high = new HighIntids()

  /** Adds the queue of the next vCPU. */
  addVcpu(): void {
    if (this.queues.length === VCPU_LIMIT) throw new RangeError(`a VM has at most ${VCPU_LIMIT} vCPUs`)
    this.queues.push(new LpiQueue(this.#links))
    this.kicks.push(0)
  }

  /** No LPI exists. */
  get isEmpty(): boolean {
    return this.#creations === this.#forgotten
  }

  /** The handle of an LPI that exists, or 0. */
  find(intid: number): number {
    const handle = intid < LIMIT ? intid : this.#high.find(intid)
    const index = handle - FIRST
    return index >= 0 && index < this.#state.length && this.#state[index] !== 0 ? handle : 0
  }

  /**
   * Creates an LPI that does not exist, with one reference. `target` is a vCPU's index, or -1; `config` a byte of the configuration
   * table, see `configure`.
   */
  create(intid: number, target: number, config = 0, pending?: boolean): number {
    const handle = intid < LIMIT ? intid : this.#high.add(intid)
    const index = handle - FIRST
    if (index >= this.#state.length) this.#grow(index)
    this.#state[index] = EXISTS | targeting(target) | configured(config)
    this.#references[index] = 1
    this.#created[index] = ++this.#creations
    if (pending) this.raise(handle)
    return handle
  }

  /** Takes one more reference. */
  hold(handle: number): void {
    this.#references[handle - FIRST]!++
  }

  /** How many events refer to it; an LPI without one waits in a queue. */
  references(handle: number): number {
    return this.#references[handle - FIRST]!
  }

  /** Gives a reference back; the LPI is forgotten with the last one, unless it is queued. */
  release(handle: number): void {
    const index = handle - FIRST
    const state = this.#state[index]!
    if ((state & FORWARDED) !== 0) {
      this.#state[index] = state & ~FORWARDED
      this.forwarding?.unmap(this.intid(handle))
    }
    this.#unreference(index)
  }

  intid(handle: number): number {
    return handle < LIMIT ? handle : this.#high.intid(handle)
  }

  /** The handle of the first LPI that exists, or 0; `after` goes on in handle order, which is INTID order up to 65535. */
  first(): number {
    return this.#existingFrom(0)
  }

  after(handle: number): number {
    return this.#existingFrom(handle - FIRST + 1)
  }

  /** All there are, in the order in which they were created. */
  inOrderOfCreation(): number[] {
    const handles: number[] = []
    for (let handle = this.first(); handle !== 0; handle = this.after(handle)) handles.push(handle)
    return handles.sort((a, b) => this.#created[a - FIRST]! - this.#created[b - FIRST]!)
  }

  isPending(handle: number): boolean {
    return (this.#state[handle - FIRST]! & PENDING) !== 0
  }

  isEnabled(handle: number): boolean {
    return (this.#state[handle - FIRST]! & ENABLED) !== 0
  }

  /** Priority [7:2] of the configuration byte, as a byte. */
  priority(handle: number): number {
    return ((this.#state[handle - FIRST]! >>> LEVEL_SHIFT) & LEVEL_MASK) << 2
  }

  /** The index of the vCPU it is for, or -1. */
  target(handle: number): number {
    return ((this.#state[handle - FIRST]! >>> TARGET_SHIFT) & VCPU_MASK) - 1
  }

  /** Sets the target; an LPI that waits in a queue stays there until that vCPU runs, as in KVM. */
  retarget(handle: number, vcpu: number): void {
    const index = handle - FIRST
    const state = this.#state[index]!
    this.#state[index] = (state & ~TARGET) | targeting(vcpu)
    if ((state & FORWARDED) !== 0) this.forwarding?.retarget(this.intid(handle), vcpu)
  }

  /** Makes the LPI pending and hands it to its target. */
  raise(handle: number): void {
    const index = handle - FIRST
    const state = this.#state[index]!
    if ((state & (QUEUED | PENDING | FORWARDED)) === (QUEUED | PENDING)) this.kicks[(state >>> OWNER_SHIFT) - 1] = 1
    else this.#raiseSlowly(index, state)
  }

  /** Sets or drops the pending state without looking at queues; then `offer` it. */
  setPending(handle: number, pending: boolean): void {
    const index = handle - FIRST
    const state = this.#state[index]!
    this.#state[index] = pending ? state | PENDING : state & ~PENDING
  }

  /** Drops the pending state, as CLEAR does: a queued LPI stays queued until its vCPU runs. */
  clear(handle: number): void {
    this.setPending(handle, false)
    if (this.isForwarded(handle)) this.forwarding?.setPending(this.intid(handle), false)
  }

  /** Takes over a byte of the configuration table: priority [7:2], enable [0]. */
  configure(handle: number, config: number): void {
    const index = handle - FIRST
    const state = this.#state[index]!
    const level = config >>> 2
    const old = (state >>> LEVEL_SHIFT) & LEVEL_MASK
    this.#state[index] = (state & ~CONFIGURED) | configured(config)
    if ((state & QUEUED) !== 0 && level !== old) {
      const queue = this.queues[(state >>> OWNER_SHIFT) - 1]!
      queue.remove(index, old)
      queue.push(index, level)
    }
    if ((state & FORWARDED) !== 0) this.forwarding?.configure(this.intid(handle), config)
    else this.offer(handle)
  }

  /** Queues the LPI for its target if it is enabled, pending and not queued yet. */
  offer(handle: number): void {
    const index = handle - FIRST
    const state = this.#state[index]!
    const target = (state >>> TARGET_SHIFT) & VCPU_MASK
    if ((state & (ENABLED | PENDING)) !== (ENABLED | PENDING) || target === 0 || !this.delivering) return
    this.kicks[target - 1] = 1
    if ((state & QUEUED) !== 0) return
    this.#state[index] = state | QUEUED | (target << OWNER_SHIFT)
    this.queues[target - 1]!.push(index, (state >>> LEVEL_SHIFT) & LEVEL_MASK)
  }

  isForwarded(handle: number): boolean {
    return (this.#state[handle - FIRST]! & FORWARDED) !== 0
  }

  /** Says that GICv4 hardware delivers this LPI from now on, or no longer. */
  setForwarded(handle: number, forwarded: boolean): void {
    const index = handle - FIRST
    const state = this.#state[index]!
    this.#state[index] = forwarded ? state | FORWARDED : state & ~FORWARDED
  }

  /** What KVM does when a vCPU enters: LPIs that are no longer for it leave its queue or change over to their target's. */
  settle(vcpu: number): void {
    const queue = this.queues[vcpu]!
    for (let index = queue.first(); index >= 0; ) {
      const state = this.#state[index]!
      const next = queue.after(index, (state >>> LEVEL_SHIFT) & LEVEL_MASK)
      const deliverable = (state & (ENABLED | PENDING)) === (ENABLED | PENDING) && this.delivering
      if (!deliverable || ((state >>> TARGET_SHIFT) & VCPU_MASK) !== vcpu + 1) {
        this.#references[index]!++
        this.#dequeue(index)
        this.offer(index + FIRST)
        this.#unreference(index)
      }
      index = next
    }
  }

  /** The handle of the highest-priority LPI queued for a settled vCPU, or 0. */
  highest(vcpu: number): number {
    const index = this.queues[vcpu]!.first()
    return index < 0 ? 0 : index + FIRST
  }

  /** The guest takes a queued LPI: it is no longer pending. */
  take(handle: number): void {
    this.setPending(handle, false)
    this.#dequeue(handle - FIRST)
  }

  /** EnableLPIs was cleared: what is queued for the vCPU is pending no more. On some kernels it only leaves the queue. */
  flush(vcpu: number, quirks: Quirks): void {
    const queue = this.queues[vcpu]!
    for (let index = queue.first(); index >= 0; index = queue.first()) {
      if (quirks['disable-lpis-keeps-latch']) this.#dequeue(index)
      else this.take(index + FIRST)
    }
  }

  #raiseSlowly(index: number, state: number): void {
    if ((state & FORWARDED) !== 0) {
      this.forwarding?.setPending(this.intid(index + FIRST), true)
      return
    }
    this.#state[index] = state | PENDING
    this.offer(index + FIRST)
  }

  #dequeue(index: number): void {
    const state = this.#state[index]!
    this.queues[(state >>> OWNER_SHIFT) - 1]!.remove(index, (state >>> LEVEL_SHIFT) & LEVEL_MASK)
    this.#state[index] = state & ~(QUEUED | (VCPU_MASK << OWNER_SHIFT))
    if (this.#references[index] === 0) this.#forget(index)
  }

  #unreference(index: number): void {
    if (--this.#references[index]! === 0 && (this.#state[index]! & QUEUED) === 0) this.#forget(index)
  }

  #forget(index: number): void {
    this.#state[index] = 0
    this.#forgotten++
    const handle = index + FIRST
    if (handle >= LIMIT) this.#high.remove(handle)
  }

  #existingFrom(index: number): number {
    for (let next = index; next < this.#state.length; next++) if (this.#state[next] !== 0) return next + FIRST
    return 0
  }

  #grow(index: number): void {
    let limit = Math.max(this.#state.length, 1024)
    while (limit <= index) limit *= 2
    this.#state = grown(this.#state, limit)
    this.#references = grown(this.#references, limit)
    this.#created = grown(this.#created, limit)
    this.#links.reserve(limit)
  }
}
