import { hex, type MsiFunction, VIRT_ITS } from '../../../abi/index.ts'
import type { EventSet } from '../../../tables/index.ts'
import type { Step } from '../../step.ts'
import { Collections } from './collections.ts'
import type { Deed, DeedOf } from './deeds.ts'
import { Drivers } from './drivers.ts'
import type { ItsBooks } from './its-books.ts'
import type { Manners } from './manners.ts'
import { type GuestTable, MemoryOwner } from './memory-owner.ts'
import {
  COLLECTION_TABLE,
  CONFIGURATION,
  CONFIGURED,
  DEVICE_TABLE,
  fill,
  RAM,
  registers,
  TABLE_BYTES,
  VCPUS,
  zero,
} from './places.ts'
import { Ring } from './ring.ts'

/** A device that waits to be mapped. */
const WAITING = 0x300

/**
 * A guest with manners: what it does becomes steps that any subject can play, and what its ITS then has mapped stands in books. It
 * asks nobody: the same life is the same steps on every kernel.
 */
export class PlayedGuest {
  readonly steps: Step[] = []
  readonly #manners: Manners
  readonly #ring: Ring
  readonly #memory: MemoryOwner
  readonly #collections: Collections
  readonly #drivers: Drivers

  constructor(manners: Manners) {
    this.#manners = manners
    const ring = new Ring(manners, this.steps)
    const memory = new MemoryOwner(manners)
    const collections = new Collections(manners.collections, ring)
    this.#ring = ring
    this.#memory = memory
    this.#collections = collections
    this.#drivers = new Drivers({ manners, ring, memory, collections })
    this.#powerOn()
  }

  /** Lives on. */
  live(list: readonly Deed[]): this {
    if (this.#manners.leavesItsAlone) return this
    for (const deed of list) this.#do(deed)
    return this
  }

  /** The last thing before the VM is saved. A driver that waits for its ITS does not go on to the vectors of its function. */
  comesToRest(): this {
    if (!this.#manners.leavesPending) return this
    const [first] = this.#drivers.bound
    this.#ring.enable(false)
    this.#drivers.bind(WAITING, 2)
    if (first !== undefined) this.#drivers.unbind(first.deviceId)
    return this
  }

  /** What the ITS has mapped. */
  get books(): ItsBooks {
    return this.#ring.books
  }

  /** What it has mapped once it is enabled, and has executed what waits. */
  get booksInTheEnd(): ItsBooks {
    return this.#ring.booksInTheEnd
  }

  /** The events that its drivers count on. */
  get inUse(): EventSet {
    return this.#drivers.inUse
  }

  /** Places where tables are, or ever were. */
  get tables(): readonly GuestTable[] {
    return this.#memory.tables
  }

  /** What the device models of its PCI functions hold. */
  get msi(): readonly MsiFunction[] {
    return this.#drivers.msi
  }

  #do(deed: Deed): void {
    ;(this.#deeds[deed.does] as (deed: Deed) => void)(deed)
  }

  readonly #deeds: { readonly [D in Deed['does']]: (deed: DeedOf<D>) => void } = {
    bind: ({ device, events }) => this.#drivers.bind(device, events),
    unbind: ({ device }) => this.#drivers.unbind(device),
    rebind: ({ device, events }) => {
      this.#drivers.unbind(device)
      this.#drivers.bind(device, events)
    },
    allocate: ({ device, vector }) => this.#drivers.allocate(device, vector),
    free: ({ device, vector }) => this.#drivers.free(device, vector),
    move: ({ device, vector }) => this.#drivers.move(device, vector),
    restart: () => this.#restart(),
    reset: () => this.#reset(),
    suspend: () => this.#suspend(),
    save: () => this.steps.push({ op: 'its_save_tables' }),
  }

  #powerOn(): void {
    this.steps.push({
      op: 'create_vm',
      vcpus: VCPUS.length,
      ram: [{ base: hex(RAM.base), size: hex(RAM.bytes) }],
      gic_init: true,
      its_base: hex(VIRT_ITS),
    })
    this.steps.push({ op: 'redist_write', cpu: 0, reg: 'GICR_PROPBASER', value: hex(registers.propbaser) })
    for (const cpu of VCPUS) {
      this.steps.push({ op: 'redist_write', cpu, reg: 'GICR_PENDBASER', value: hex(registers.pendbaser(cpu)) })
      this.steps.push({ op: 'redist_write', cpu, reg: 'GICR_CTLR', value: '0x1' })
    }
    this.steps.push(fill(CONFIGURATION, this.#manners.configuration.unused, CONFIGURED))
    if (!this.#manners.leavesItsAlone) this.#begin()
  }

  /** Programs queue and tables, and enables the ITS. */
  #begin(): void {
    const { deviceTable } = this.#manners
    if (deviceTable !== 'flat') this.steps.push(...this.#memory.newL2Page())
    this.#ring.program()
    this.#ring.register('GITS_BASER0', registers.deviceBaser(deviceTable !== 'flat'))
    this.#ring.register('GITS_BASER1', registers.collectionBaser)
    this.#ring.enable(true)
    this.#collections.begin()
  }

  #restart(): void {
    this.#ring.enable(false)
    for (const register of ['GITS_BASER0', 'GITS_BASER1']) this.#ring.register(register, 0n)
    this.#beginAgain({ deviceModels: false })
  }

  #reset(): void {
    this.steps.push({ op: 'its_ctrl_reset' })
    this.#beginAgain({ deviceModels: true })
  }

  #beginAgain(reset: { readonly deviceModels: boolean }): void {
    const { bound } = this.#drivers
    this.#ring.books.forget()
    this.#drivers.forget(reset)
    if (this.#manners.beginsAgain === 'blank') {
      this.#ring.blank()
      this.steps.push(zero(DEVICE_TABLE, TABLE_BYTES), zero(COLLECTION_TABLE, TABLE_BYTES))
      this.steps.push(fill(CONFIGURATION, this.#manners.configuration.unused, CONFIGURED))
    }
    this.#begin()
    for (const { deviceId, vectors } of bound) this.#drivers.bind(deviceId, vectors)
  }

  /** As Linux 5.10 and later: the ring is not cleared, and only collections are mapped again. */
  #suspend(): void {
    if (!this.#manners.suspends) return
    const { deviceTable } = this.#manners
    this.#ring.enable(false)
    this.#ring.program()
    this.#ring.register('GITS_BASER0', registers.deviceBaser(deviceTable !== 'flat'))
    this.#ring.register('GITS_BASER1', registers.collectionBaser)
    this.#ring.enable(true)
    for (const icid of VCPUS) if (icid > 0) this.#collections.map(icid)
  }
}
