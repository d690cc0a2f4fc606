import { ID_LIMIT } from '../abi/index.ts'

const UNKNOWN = 0
const UNMAPPED = 1
const FIRST_VCPU = 2

/** What `lookup` says of an ICID that is not known. */
export const UNKNOWN_COLLECTION = UNKNOWN - FIRST_VCPU

/**
 * The collections an ITS knows, by ICID: each is mapped to a vCPU or, known from a MAPTI only, to none.
 *
 * The collection table holds them in the order in which they became known, not by ICID: `order` is that list.
 */
export class Collections {
  /** ICIDs, oldest first: the order of the saved table. */
  readonly order: number[] = []
  /** UNKNOWN, UNMAPPED, or vCPU index + FIRST_VCPU. */
  readonly #targets = new Uint16Array(ID_LIMIT)

  /** True when the ICID is known, mapped or not. */
  has(icid: number): boolean {
    return this.#targets[icid] !== UNKNOWN
  }

  /** The index of the vCPU that the collection is mapped to; -1 when it is not mapped, UNKNOWN_COLLECTION when it is not known. */
  lookup(icid: number): number {
    return this.#targets[icid]! - FIRST_VCPU
  }

  /** The index of the vCPU that the collection is mapped to; -1 when it is unknown or not mapped. */
  target(icid: number): number {
    const target = this.#targets[icid]!
    return target >= FIRST_VCPU ? target - FIRST_VCPU : -1
  }

  /** Makes the ICID known, or retargets it. `vcpu` is a vCPU's index, or -1 for not mapped. */
  set(icid: number, vcpu: number): void {
    if (this.#targets[icid] === UNKNOWN) this.order.push(icid)
    this.#targets[icid] = vcpu < 0 ? UNMAPPED : vcpu + FIRST_VCPU
  }

  /** Forgets the ICID. Events keep their mapping and must be detached by the caller. False when it was not known. */
  remove(icid: number): boolean {
    if (this.#targets[icid] === UNKNOWN) return false
    this.#targets[icid] = UNKNOWN
    this.order.splice(this.order.indexOf(icid), 1)
    return true
  }

  clear(): void {
    for (const icid of this.order) this.#targets[icid] = UNKNOWN
    this.order.length = 0
  }
}
