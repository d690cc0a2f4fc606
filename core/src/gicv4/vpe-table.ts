import { GICR_VPROPBASER_V41, GITS_BASER, tableShape, VPE_ENTRY, VPE_ENTRY_BYTES, VPE_L1E } from '../abi/index.ts'
import type { Gpa, GuestMemory } from '../memory/index.ts'
import type { VpeShape } from './vpe.ts'

/** The hardware's list of vPEs in host memory. Its entries are the implementation's own; software only gives it room. */
export interface VpeTable {
  readonly valid: boolean
  readonly indirect: boolean
  readonly base: number
  /** Bytes of the table, or of its first level. */
  readonly bytes: number
  readonly pageBytes: number
  readonly entryBytes: number
}

const pageSizes = [0x1000, 0x4000, 0x10000] as const

/** GICv4.1: the table is named by the redistributors. @source IHI 0069 "GICR_VPROPBASER" */
export function vpeTableOfRedistributor(vpropbaser: bigint): VpeTable {
  const { valid, indirect, address, size, pageSize, entrySize } = GICR_VPROPBASER_V41.unpack(vpropbaser)
  const pageBytes = pageSizes[pageSize] ?? pageSizes[2]
  return { valid, indirect, base: address, bytes: (size + 1) * pageBytes, pageBytes, entryBytes: (entrySize + 1) * 8 }
}

/** GICv4.0: the table is the GITS_BASER<n> of type 2. @source IHI 0069 "GITS_BASER<n>" */
export function vpeTableOfIts(baser: bigint): VpeTable {
  const { entrySize } = GITS_BASER.unpack(baser)
  return { ...tableShape(baser), pageBytes: pageSizes[2], entryBytes: entrySize + 1 }
}

/** Where the entry of `vpeid` is kept; undefined when the table has no room for it. */
export function vpeEntryAt(memory: GuestMemory, table: VpeTable, vpeid: number): Gpa | undefined {
  const { valid, indirect, base, bytes, pageBytes, entryBytes } = table
  if (!valid) return undefined
  if (!indirect) return inMemory(memory, vpeid * entryBytes + entryBytes <= bytes, base + vpeid * entryBytes)
  const perPage = Math.floor(pageBytes / entryBytes)
  const first = Math.floor(vpeid / perPage) * 8
  const at = inMemory(memory, first + 8 <= bytes, base + first)
  if (at === undefined) return undefined
  const page = VPE_L1E.decode(memory.u32(at), memory.u32((at + 4) as Gpa))
  return inMemory(memory, page.valid, page.address + (vpeid % perPage) * entryBytes)
}

function inMemory(memory: GuestMemory, room: boolean, at: number): Gpa | undefined {
  return room && memory.contains(at as Gpa, 8) ? (at as Gpa) : undefined
}

/** Writes the entry of a mapped vPE, as far as an entry of `entryBytes` holds it. */
export function writeVpeEntry(memory: GuestMemory, at: Gpa, entryBytes: number, vpe: VpeShape): void {
  const words = [
    VPE_ENTRY[0].encode({ valid: true, vptSize: vpe.intidBits - 1, vptAddr: vpe.vptAddr }),
    VPE_ENTRY[1].encode({ rdBase: vpe.rdBase, vconfAddr: vpe.vconfAddr ?? 0 }),
    VPE_ENTRY[2].encode({ defaultDoorbell: vpe.defaultDoorbell }),
  ]
  for (const [index, { lo, hi }] of words.entries()) {
    if ((index + 1) * 8 <= Math.min(entryBytes, VPE_ENTRY_BYTES)) memory.setWord((at + index * 8) as Gpa, lo, hi)
  }
}

/** Clears Valid. */
export function clearVpeEntry(memory: GuestMemory, at: Gpa): void {
  memory.setWord(at, 0, 0)
}
