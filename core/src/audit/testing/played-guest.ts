import fc from 'fast-check'
import {
  COMMAND_BYTES,
  type CommandName,
  encodeCommand,
  GITS,
  GITS_CBASER,
  type GicRegisters,
  type Operands,
  type Profile,
} from '../../abi/index.ts'
import { COLLECTION_BASER, DEVICE_BASER, itsFrame } from '../../its/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { EventSet, saveTables } from '../../tables/index.ts'
import { LiveIts } from '../../tables/testing/live-its.ts'
import type { AuditInput } from '../index.ts'

const QUEUE = 0x400f_0000
const QUEUE_BYTES = 0x1000
const SLOTS = QUEUE_BYTES / COMMAND_BYTES
const ITTS = 0x4080_0000
const LPI_CONFIGURATION = 0x4001_0000
const ENABLED = 0xa1

/** How a guest's driver treats its ITS; see docs/guests.md. */
export interface Manners {
  /** It blanks each command once it is executed. */
  readonly clearsRing: boolean
  /** It fills the ring with SYNC before it begins. */
  readonly fillsRing: boolean
  /** It unmaps a device without DISCARD, and leaves the LPIs of its events enabled. */
  readonly forgetful: boolean
  /** It sends INV after each DISCARD, which KVM refuses. */
  readonly invalidatesLate: boolean
  /** It names things that are not mapped, and LPIs that there are none of. */
  readonly errs: boolean
  /** It goes on naming devices and events that it has unmapped. */
  readonly lingers: boolean
  /** Devices take an ITT that another had before. */
  readonly reusesItts: boolean
}

const manner = fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) })
export const manners: fc.Arbitrary<Manners> = fc.record({
  clearsRing: manner,
  fillsRing: manner,
  forgetful: manner,
  invalidatesLate: manner,
  errs: manner,
  lingers: manner,
  reusesItts: manner,
})

/** What a guest does next. */
export type Deed =
  | { readonly does: 'bind' | 'unbind' | 'rebind'; readonly device: number; readonly events: number }
  /** The ITS is disabled, its queue set up anew where it was, and everything mapped again that is bound. */
  | { readonly does: 'restart' }
  /** The host suspends the VM and lets it go on. */
  | { readonly does: 'save' }
  /** An interrupt is moved to the other vCPU. */
  | { readonly does: 'move'; readonly device: number; readonly event: number }

const device = fc.constantFrom(0, 8, 9, 16, 24, 0x100, 0x200, 0x1008)
export const deeds: fc.Arbitrary<readonly Deed[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ does: fc.constantFrom('bind', 'rebind'), device, events: fc.integer({ min: 1, max: 6 }) }),
    },
    { weight: 3, arbitrary: fc.record({ does: fc.constant('unbind'), device, events: fc.constant(0) }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('move'), device, event: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.constant({ does: 'save' }) },
    { weight: 1, arbitrary: fc.constant({ does: 'restart' }) },
  ) as fc.Arbitrary<Deed>,
  { minLength: 1, maxLength: 30, size: 'max' },
)

/** A guest that keeps its own books: what it has mapped is what is live. */
export class PlayedGuest {
  readonly vm: LiveIts
  readonly #manners: Manners
  readonly #bound = new Map<number, Map<number, number>>()
  readonly #itts = new Map<number, number>()
  #offset = 0
  #lpi = 8192
  #areas = 0

  constructor(profile: Profile, habits: Manners) {
    this.vm = new LiveIts({ quirks: profile.quirks, vcpuIds: [0, 1] })
    this.#manners = habits
    this.#start()
  }

  live(list: readonly Deed[]): this {
    for (const deed of list) this.#live(deed)
    return this
  }

  /** What a save leaves, or undefined when KVM cannot save. */
  saved(profile: Profile): AuditInput | undefined {
    if (!saveTables(this.vm.its).ok) return undefined
    return { memory: this.vm.memory, registers: this.#registers(), profile }
  }

  /** The devices and events that the guest has mapped. */
  get mapped(): EventSet {
    const set = new EventSet()
    for (const [deviceId, events] of this.#bound) {
      set.addDevice(deviceId)
      for (const eventId of events.keys()) set.addEvent(deviceId, eventId)
    }
    return set
  }

  #live(deed: Deed): void {
    if (deed.does === 'save') saveTables(this.vm.its)
    else if (deed.does === 'restart') this.#restart()
    else if (deed.does === 'move') this.#move(deed.device, deed.event)
    else {
      if (deed.does !== 'bind') this.#unbind(deed.device)
      if (deed.does !== 'unbind') this.#bind(deed.device, deed.events)
    }
  }

  #start(): void {
    const { its, memory } = this.vm
    itsFrame.write(its, GITS.CTLR, 4, 0n)
    itsFrame.write(its, GITS.CBASER, 8, GITS_CBASER.pack({ valid: true, address: QUEUE, pages: 0 }))
    this.#offset = 0
    if (this.#manners.fillsRing) {
      const words = new Uint8Array(encodeCommand('SYNC', { rdBase: 0 }).buffer)
      for (let slot = 0; slot < SLOTS; slot++) memory.write((QUEUE + slot * COMMAND_BYTES) as Gpa, words)
    }
    itsFrame.write(its, GITS.CTLR, 4, 1n)
    for (const icid of [0, 1]) this.#send('MAPC', { icid, rdBase: icid, valid: true })
  }

  /** As after a reset of the ITS: tables are programmed again, and all that is bound is mapped again. */
  #restart(): void {
    const { its } = this.vm
    const [devices, collections] = [its.baser(DEVICE_BASER), its.baser(COLLECTION_BASER)]
    itsFrame.write(its, GITS.CTLR, 4, 0n)
    for (const [register, baser] of [
      [GITS.BASER0, devices],
      [GITS.BASER1, collections],
    ] as const) {
      itsFrame.write(its, register, 8, 0n)
      itsFrame.write(its, register, 8, baser)
    }
    this.#start()
    const bound = [...this.#bound]
    this.#bound.clear()
    for (const [deviceId, events] of bound) this.#bind(deviceId, events.size)
  }

  #bind(deviceId: number, count: number): void {
    if (this.#bound.has(deviceId)) return
    const ittAddr = this.#ittOf(deviceId)
    this.vm.memory.fill(ittAddr as Gpa, 0x100)
    this.#send('MAPD', { deviceId, size: 4, ittAddr, valid: true })
    const events = new Map<number, number>()
    this.#bound.set(deviceId, events)
    for (let eventId = 0; eventId < count; eventId++) {
      const pintid = this.#lpi++
      this.vm.memory.setU8((LPI_CONFIGURATION + pintid - 8192) as Gpa, ENABLED)
      this.#send('MAPTI', { deviceId, eventId, pintid, icid: eventId & 1 })
      events.set(eventId, pintid)
    }
    if (this.#manners.errs) this.#err(deviceId)
    if (this.#manners.lingers) this.#linger()
  }

  #unbind(deviceId: number): void {
    const events = this.#bound.get(deviceId)
    if (events === undefined) return
    this.#bound.delete(deviceId)
    if (!this.#manners.forgetful) {
      for (const [eventId, pintid] of events) {
        this.vm.memory.setU8((LPI_CONFIGURATION + pintid - 8192) as Gpa, 0xa0)
        this.#send('DISCARD', { deviceId, eventId })
        if (this.#manners.invalidatesLate) this.#send('INV', { deviceId, eventId })
      }
    }
    this.#send('MAPD', { deviceId, valid: false })
  }

  #move(deviceId: number, eventId: number): void {
    if (this.#bound.get(deviceId)?.has(eventId)) this.#send('MOVI', { deviceId, eventId, icid: 1 })
  }

  /** Commands that KVM refuses: an event of no device, an LPI that there is none of, an event outside the ITT. */
  #err(deviceId: number): void {
    this.#send('INT', { deviceId: 0x3000, eventId: 0 })
    this.#send('MAPTI', { deviceId, eventId: 20, pintid: 8191, icid: 0 })
    this.#send('MAPTI', { deviceId, eventId: 0x1_0000, pintid: 8192, icid: 0 })
    this.#send('MAPD', { deviceId: 0x1_0000, size: 4, ittAddr: ITTS, valid: true })
  }

  /** Commands about a device that was unmapped, or about an event that no device has any more: KVM refuses them. */
  #linger(): void {
    const gone = [...this.#itts.keys()].find((deviceId) => !this.#bound.has(deviceId))
    if (gone !== undefined) this.#send('INV', { deviceId: gone, eventId: 0 })
    for (const [deviceId, events] of this.#bound) {
      if (!events.has(events.size)) this.#send('INT', { deviceId, eventId: events.size })
    }
  }

  #ittOf(deviceId: number): number {
    const areas = this.#manners.reusesItts ? 8 : 512
    const taken = new Set([...this.#bound.keys()].map((id) => this.#itts.get(id)))
    const first = this.#manners.reusesItts ? 0 : this.#areas++
    let area = first
    while (taken.has(area % areas)) area++
    this.#itts.set(deviceId, area % areas)
    return ITTS + (area % areas) * 0x1000
  }

  #send<N extends CommandName>(name: N, args: Partial<Operands<N>>): void {
    const { its, memory } = this.vm
    const at = (QUEUE + this.#offset) as Gpa
    memory.write(at, new Uint8Array(encodeCommand(name, args).buffer))
    this.#offset = (this.#offset + COMMAND_BYTES) % QUEUE_BYTES
    itsFrame.write(its, GITS.CWRITER, 8, BigInt(this.#offset))
    if (this.#manners.clearsRing) memory.fill(at, COMMAND_BYTES)
  }

  #registers(): GicRegisters {
    const { its, gic } = this.vm
    const baser = [its.baser(DEVICE_BASER), its.baser(COLLECTION_BASER), 0n, 0n, 0n, 0n, 0n, 0n]
    const { cbaser, cwriter, creadr } = its
    const saved = { base: undefined, ctlr: 1, iidr: 0x4b00_043b, cbaser, cwriter: BigInt(cwriter), creadr: BigInt(creadr), baser }
    const { propbaser } = gic
    return {
      itses: [saved],
      redistributors: gic.redistributors.map(({ vcpuId, pendbaser }) => ({ vcpuId, ctlr: 1, propbaser, pendbaser })),
    }
  }
}
