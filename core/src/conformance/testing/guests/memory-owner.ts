import { hex, L1E, L2_BYTES, u64 } from '../../../abi/index.ts'
import { hexOfBytes, wordBytes } from '../../hex.ts'
import type { Step } from '../../step.ts'
import type { Manners } from './manners.ts'
import { COLLECTION_TABLE, DEVICE_TABLE, ITTS, L2_PAGES, TABLE_BYTES, zero } from './places.ts'

/** The first level of a device table is the guest's alone: a save reads it and never writes it. */
export interface GuestTable {
  readonly what: 'device table' | 'first level' | 'second level' | 'collection table' | 'ITT'
  readonly base: number
  readonly bytes: number
}

/** Events of the largest ITT that manners ask for: as many as there are LPIs of 14 bits. */
const LARGEST_ITT = 2 ** 14 * 8
const SMALL_ITT = 0x1000
/** Places for ITTs that are shared. */
const SHARED = 4

/** Bytes of an ITT with that many EventID bits, as a guest allocates it. */
export const ittBytes = (bits: number): number => Math.max(0x100, 8 * 2 ** bits)

/** Who has which ITT and which second-level page of the device table. */
export class MemoryOwner {
  readonly #manners: Manners
  readonly #taken = new Map<number, number>()
  readonly #used = new Set<number>()
  #nextArea = 0
  #nextPage = 0

  constructor(manners: Manners) {
    this.#manners = manners
  }

  /** The ITT that a device gets; the one that it had is free. */
  ittFor(deviceId: number): number {
    const { itts } = this.#manners
    this.#taken.delete(deviceId)
    const areas = itts === 'shared' ? SHARED : Math.floor(ITTS.bytes / this.#pitch)
    const taken = new Set(itts === 'shared' ? [] : this.#taken.values())
    let area = itts === 'freed' ? 0 : this.#nextArea++ % areas
    while (taken.has(area)) area = (area + 1) % areas
    this.#taken.set(deviceId, area)
    this.#used.add(area)
    return ITTS.base + area * this.#pitch
  }

  free(deviceId: number): void {
    this.#taken.delete(deviceId)
  }

  freeAll(): void {
    this.#taken.clear()
  }

  /** Places where tables are, or ever were. */
  get tables(): GuestTable[] {
    const secondLevel = Math.min(this.#nextPage, L2_PAGES.count) * L2_BYTES
    const areas = [...this.#used].sort((a, b) => a - b)
    return [
      { what: this.#manners.deviceTable === 'flat' ? 'device table' : 'first level', base: DEVICE_TABLE, bytes: TABLE_BYTES },
      { what: 'collection table', base: COLLECTION_TABLE, bytes: TABLE_BYTES },
      ...(secondLevel > 0 ? [{ what: 'second level', base: L2_PAGES.base, bytes: secondLevel } as const] : []),
      ...areas.map((area) => ({ what: 'ITT', base: ITTS.base + area * this.#pitch, bytes: this.#pitch }) as const),
    ]
  }

  /** Puts a new, zeroed second-level page into the table, for the lowest 8192 DeviceIDs. */
  newL2Page(): Step[] {
    const l2Addr = L2_PAGES.base + (this.#nextPage++ % L2_PAGES.count) * L2_BYTES
    const { lo, hi } = L1E.encode({ valid: true, l2Addr })
    const entry = hexOfBytes(wordBytes([hex(u64(lo, hi))]))
    return [zero(l2Addr, L2_BYTES), { op: 'mem_write', what: 'L1[0]', gpa: hex(DEVICE_TABLE), hex: entry }]
  }

  get #pitch(): number {
    return this.#manners.ittBits === 'as an LPI' ? LARGEST_ITT : SMALL_ITT
  }
}
