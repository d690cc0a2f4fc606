import { BASER_TYPE, ENTRY_BYTES, GITS_BASER, GITS_CBASER, L1E, L2_BYTES, L2_ENTRIES } from '../abi/index.ts'
import { type Gpa, GuestMemory } from '../memory/index.ts'
import { pagesOf, type Scope } from './scope.ts'

const RAM = 0x4000_0000
const KIB_64 = 0x10000
const ITT_BYTES = 0x100

/** Where everything of a scope's VM lies: the same in every history of it. */
export interface ScopeRam {
  /** A collection table of 64 KiB. */
  readonly collectionTable: Gpa
  /** The places for ITTs, 256 bytes each. */
  readonly itts: readonly Gpa[]
  /** A command queue of 64 KiB, which no operation writes: what it holds follows from the history. */
  readonly queue: Gpa
  readonly configuration: Gpa
  readonly pending: readonly Gpa[]
  /** The device table, or its first level; two where GITS_BASER0 moves. */
  readonly deviceTables: readonly Gpa[]
  readonly deviceTableBytes: number
  /** The second-level pages of a two-level table. */
  readonly pages: readonly Gpa[]
}

/** The addresses of a scope. The tables of devices end in a hole: a scan that passes their end meets no other table. */
export function scopeRam({ areas, vcpus, deviceTable, deviceIds, operations, ...scope }: Scope): ScopeRam {
  const configuration = RAM + KIB_64
  const pending = Array.from({ length: vcpus }, (_, vcpu) => (configuration + (vcpu + 1) * KIB_64) as Gpa)
  const collectionTable = configuration + (vcpus + 1) * KIB_64
  const queue = collectionTable + KIB_64
  const flat = deviceTable === 'flat'
  const pages = flat ? 0 : pagesOf({ ...scope, areas, vcpus, deviceTable, deviceIds, operations })
  const deviceTableBytes = flat ? Math.ceil(((deviceIds.at(-1)! + 1) * ENTRY_BYTES) / KIB_64) * KIB_64 : KIB_64
  const tables = operations.some((name) => name.startsWith('GITS_BASER0')) ? 2 : 1
  const apart = deviceTableBytes + KIB_64
  const first = RAM + 0x100_0000
  const firstPage = RAM + 0x200_0000
  return {
    collectionTable: collectionTable as Gpa,
    itts: Array.from({ length: areas }, (_, area) => (RAM + area * ITT_BYTES) as Gpa),
    queue: queue as Gpa,
    configuration: configuration as Gpa,
    pending,
    deviceTables: Array.from({ length: tables }, (_, table) => (first + table * apart) as Gpa),
    deviceTableBytes,
    pages: Array.from({ length: pages }, (_, page) => (firstPage + page * 2 * KIB_64) as Gpa),
  }
}

/** The RAM of a scope, zeroed but for the first level of a two-level table that no operation changes. */
export function scopeMemory(ram: ScopeRam, isFirstLevelValid: boolean): GuestMemory {
  const low = ram.queue + KIB_64 - RAM
  const memory = new GuestMemory([{ base: RAM as Gpa, bytes: low, backing: 'sparse' }])
  for (const base of ram.deviceTables) memory.addRegion({ base, bytes: ram.deviceTableBytes, backing: 'sparse' })
  for (const base of ram.pages) memory.addRegion({ base, bytes: L2_BYTES, backing: 'sparse' })
  if (isFirstLevelValid) for (const [page] of ram.pages.entries()) setL1Entry(memory, ram, page, true)
  return memory
}

/** The words of a first-level entry. */
export function l1Words(ram: ScopeRam, page: number, valid: boolean): { readonly lo: number; readonly hi: number } {
  return L1E.encode(valid ? { l2Addr: ram.pages[page]!, valid } : {})
}

export const l1At = (ram: ScopeRam, page: number): Gpa => (ram.deviceTables[0]! + page * ENTRY_BYTES) as Gpa

export function setL1Entry(memory: GuestMemory, ram: ScopeRam, page: number, valid: boolean): void {
  const { lo, hi } = l1Words(ram, page, valid)
  memory.setWord(l1At(ram, page), lo, hi)
}

/** GITS_BASER0 for one of the device tables. */
export const deviceBaser = (ram: ScopeRam, table: number): bigint =>
  baser(BASER_TYPE.devices, ram.deviceTables[table]!, ram.deviceTableBytes, ram.pages.length > 0)

export const collectionBaser = (ram: ScopeRam): bigint => baser(BASER_TYPE.collections, ram.collectionTable, KIB_64, false)

export const commandBaser = (ram: ScopeRam): bigint => GITS_CBASER.pack({ valid: true, address: ram.queue, pages: 15 })

/** As KVM keeps it. */
function baser(type: number, addressLow: number, bytes: number, indirect: boolean): bigint {
  const fixed = { valid: true, innerCache: 3, shareability: 1, pageSize: 2, entrySize: ENTRY_BYTES - 1 }
  return GITS_BASER.pack({ ...fixed, type, indirect, addressLow, pages: bytes / KIB_64 - 1 })
}

/** Where the DTE of a device is in one of the device tables, whether its second-level page is entered or not. */
export function dtePlace(ram: ScopeRam, table: number, deviceId: number): Gpa {
  const page = ram.pages[Math.floor(deviceId / L2_ENTRIES)]
  const base = page ?? ram.deviceTables[table]!
  return (base + (page === undefined ? deviceId : deviceId % L2_ENTRIES) * ENTRY_BYTES) as Gpa
}
