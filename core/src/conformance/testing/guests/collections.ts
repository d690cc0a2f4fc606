import type { Manners } from './manners.ts'
import { VCPUS } from './places.ts'
import type { Ring } from './ring.ts'

/** A guest that maps its collections late does so after as many devices. */
const LATE = 3

/** When a guest maps the collections of its vCPUs. */
export class Collections {
  readonly #when: Manners['collections']
  readonly #ring: Ring

  constructor(when: Manners['collections'], ring: Ring) {
    this.#when = when
    this.#ring = ring
  }

  /** The ITS has been enabled. */
  begin(): void {
    if (this.#when === 'first') for (const icid of VCPUS) this.map(icid)
    if (this.#when === 'as needed') this.map(0)
  }

  /** An event is about to be aimed at one. */
  aim(icid: number): void {
    if (this.#when === 'as needed' && !this.#ring.books.collections.has(icid)) this.map(icid)
  }

  /** So many devices have been mapped. */
  afterDevices(count: number): void {
    if (this.#when === 'late' && count === LATE) for (const icid of VCPUS) this.map(icid)
  }

  map(icid: number): void {
    this.#ring.send('MAPC', { icid, rdBase: icid, valid: true })
    this.#ring.send('SYNC', { rdBase: icid })
    this.#ring.send('INVALL', { icid })
  }
}
