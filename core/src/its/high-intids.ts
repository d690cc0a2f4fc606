import { LPI_LIMIT } from '../abi/index.ts'

/** Handles, from 65536 on, of the LPIs whose INTID is above 65535; a handle that is given back is used again. */
export class HighIntids {
  /** By handle - 65536. */
  readonly #intids: number[] = []
  readonly #handles = new Map<number, number>()
  readonly #free: number[] = []

  /** The handle of an INTID that has one, or 0. */
  find(intid: number): number {
    return this.#handles.get(intid) ?? 0
  }

  intid(handle: number): number {
    return this.#intids[handle - LPI_LIMIT]!
  }

  /** Gives an INTID that has none a handle. */
  add(intid: number): number {
    const handle = this.#free.pop() ?? LPI_LIMIT + this.#intids.length
    this.#intids[handle - LPI_LIMIT] = intid
    this.#handles.set(intid, handle)
    return handle
  }

  remove(handle: number): void {
    this.#handles.delete(this.intid(handle))
    this.#free.push(handle)
  }
}
