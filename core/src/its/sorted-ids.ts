import { firstPast } from '../memory/index.ts'

/** Numbers in ascending order: cheap to add at the end and to take from either end, as a restore and a reset do. */
export class SortedIds {
  readonly #ids: number[] = []
  /** Those before it are taken. */
  #from = 0

  add(id: number): void {
    const at = this.#placeOf(id)
    if (at === this.#ids.length) this.#ids.push(id)
    else this.#ids.splice(at, 0, id)
  }

  /** Takes an id that is there. */
  remove(id: number): void {
    const at = this.#placeOf(id)
    if (at === this.#from) this.#from++
    else if (at === this.#ids.length - 1) this.#ids.pop()
    else this.#ids.splice(at, 1)
    if (this.#from < this.#ids.length) return
    this.#ids.length = 0
    this.#from = 0
  }

  /** The lowest id that is not below `id`, or -1. */
  firstFrom(id: number): number {
    return this.#ids[this.#placeOf(id)] ?? -1
  }

  #placeOf(id: number): number {
    const from = this.#from
    return from + firstPast(this.#ids.length - from, (i) => this.#ids[from + i]! >= id)
  }
}
