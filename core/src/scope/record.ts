import type { OperationName } from './operation-names.ts'
import { pagesOf, type Scope } from './scope.ts'
import { scopeRam } from './scope-ram.ts'

/** What a byte of a record says, and so how it changes when things are renamed. */
export type ByteKind = 'collection' | 'device' | 'event' | 'lpi' | 'pending' | 'plain' | 'dte' | 'ite'

/** What a kind of byte of a record is about, so that a renaming knows from where it comes. */
export interface RecordByte {
  readonly kind: ByteKind
  /** The ITT area, LPI or vCPU that the place of the byte stands for, where it stands for one. */
  readonly of?: { readonly what: 'area' | 'lpi' | 'vcpu'; readonly index: number; readonly within: number }
}

/** Bytes that a record is padded to, so that it is compared by words. */
const WORD = 4

/**
 * A state of a scope's VM as bytes: what the ITS has mapped, and the words of guest RAM that a restore may come to.
 *
 * Each collection in the order in which it became known, each device, each event, and each 8-byte entry of the device tables and ITTs is one
 * byte; so is what else the operations of the scope can change. Not in it: the CTEs, since every save writes them anew up to the entry that
 * ends them (they are when a RESTORE without a save may come), configuration bytes, what is cached of translations, and the command queue.
 */
export class RecordShape {
  readonly bytes: number
  /** Bytes that say something; the rest is padding. */
  readonly used: number
  readonly layout: readonly RecordByte[]
  /** Offsets. */
  readonly collections: number
  readonly devices: number
  readonly events: number
  /** Of LPIs, pending tables, the kernel, the device table in use, valid first-level entries and CTEs: -1 when no operation changes them. */
  readonly lpis: number
  readonly pending: number
  readonly kernel: number
  readonly table: number
  readonly firstLevel: number
  readonly ctes: number
  readonly dtes: number
  readonly ites: number
  /** Devices that one DeviceID may have at a time: two where a RESTORE may come onto a live ITS. */
  readonly copies: number
  readonly devicePlaces: number
  readonly eventPlaces: number
  readonly dtePlaces: number
  readonly itePlaces: number

  constructor(scope: Scope, dtePlaces: number) {
    const has = (...names: readonly OperationName[]) => names.some((name) => scope.operations.includes(name))
    const { events, collections, areas, lpis, vcpus } = scope
    const layout: RecordByte[] = []
    const put = (bytes: readonly RecordByte[], isThere = true): number => {
      if (!isThere) return -1
      const at = layout.length
      layout.push(...bytes)
      return at
    }
    const many = (count: number, kind: ByteKind) => Array.from({ length: count }, () => ({ kind }))
    const each = (count: number, kind: ByteKind, what: 'lpi' | 'vcpu') =>
      Array.from({ length: count }, (_, index) => ({ kind, of: { what, index, within: 0 } }))
    this.copies = has('RESTORE') ? 2 : 1
    this.devicePlaces = scope.deviceIds.length * this.copies
    this.eventPlaces = this.devicePlaces * events
    this.dtePlaces = dtePlaces * scopeRam(scope).deviceTables.length
    this.itePlaces = areas * events
    this.devices = put(many(this.devicePlaces, 'device'))
    this.events = put(many(this.eventPlaces, 'event'))
    this.collections = put(many(collections, 'collection'))
    this.dtes = put(many(this.dtePlaces, 'dte'))
    this.ites = put(
      Array.from({ length: this.itePlaces }, (_, i) => {
        const index = Math.floor(i / events)
        return { kind: 'ite' as const, of: { what: 'area' as const, index, within: i % events } }
      }),
    )
    this.lpis = put(each(lpis, 'lpi', 'lpi'), has('MOVALL', 'INT'))
    this.pending = put(each(vcpus, 'pending', 'vcpu'), has('INT'))
    this.kernel = put(many(1, 'plain'), has('MIGRATE'))
    this.table = put(many(1, 'plain'), has('GITS_BASER0 moves', 'GITS_BASER0 back'))
    this.firstLevel = put(many(1, 'plain'), has('L1 entry comes', 'L1 entry goes') && pagesOf(scope) > 0)
    this.ctes = put(many(collections, 'collection'), has('RESTORE'))
    this.used = layout.length
    this.bytes = Math.ceil(layout.length / WORD) * WORD
    this.layout = layout
  }
}

/** How the values of a record's bytes are made of numbers; 0 is always nothing. */
export class RecordCodes {
  readonly #targets: number
  readonly #icids: number
  /** In place of an ICID: the event's collection is gone. */
  readonly detached: number

  constructor({ collections, vcpus }: Pick<Scope, 'collections' | 'vcpus'>) {
    this.#targets = vcpus + 1
    this.#icids = collections + 1
    this.detached = collections
  }

  /** `target`: a vCPU, or -1. */
  collection(icid: number, target: number): number {
    return 1 + icid * this.#targets + target + 1
  }

  icidOf(code: number): number {
    return ((code - 1) / this.#targets) | 0
  }

  targetOf(code: number): number {
    return ((code - 1) % this.#targets) - 1
  }

  /** `lpi` counts from 8192 on. */
  event(lpi: number, icid: number): number {
    return 1 + lpi * this.#icids + icid
  }

  lpiOf(code: number): number {
    return ((code - 1) / this.#icids) | 0
  }

  eventIcidOf(code: number): number {
    return (code - 1) % this.#icids
  }

  /** An LPI that exists. */
  lpi(target: number, isPending: boolean): number {
    return 1 + (target + 1) * 2 + (isPending ? 1 : 0)
  }

  lpiTargetOf(code: number): number {
    return ((code - 1) >> 1) - 1
  }

  isPendingOf(code: number): boolean {
    return ((code - 1) & 1) !== 0
  }
}
