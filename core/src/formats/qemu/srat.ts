import { type Gpa, type GpaRange, gpa, PAGE_BYTES } from '../../memory/index.ts'
import { type ByteSource, readExactly } from '../byte-source.ts'
import { RECORD } from './page-index.ts'
import type { RamBlock } from './ram-block.ts'

/** The memory that QEMU's ACPI tables tell the guest of: every NUMA machine has these tables, read or not. */
export interface MemoryAffinity {
  /** RAM of the nodes, in node order. */
  readonly nodes: readonly GpaRange[]
  /** NVDIMMs. */
  readonly persistent: readonly GpaRange[]
  /** The region in which all memory is that can be plugged. */
  readonly pluggable: GpaRange | undefined
}

/** The tables are at most this long on the virt machine. */
const MOST_BYTES = 1 << 20
const SIGNATURE = [0x53, 0x52, 0x41, 0x54] as const
/** A table's header, a revision and padding come before the first structure. */
const FIRST_STRUCTURE = 48
const MEMORY = { type: 1, bytes: 40, base: 8, length: 16, flags: 28 } as const
const FLAG = { enabled: 1, hotPluggable: 2, nonVolatile: 4 } as const

/**
 * Reads the System Resource Affinity Table out of the block `/rom@etc/acpi/tables`; undefined when there is none, or when its
 * pages are not saved whole.
 *
 * @source ACPI 6.5, "System Resource Affinity Table"; QEMU hw/arm/virt-acpi-build.c, build_srat
 */
export async function memoryAffinity(source: ByteSource, tables: RamBlock | undefined): Promise<MemoryAffinity | undefined> {
  if (tables === undefined || tables.bytes > MOST_BYTES) return undefined
  const bytes = new Uint8Array(tables.bytes)
  for (let page = 0; page < tables.pages; page++) {
    const kind = tables.kind(page)
    if (kind === RECORD.page)
      bytes.set(await readExactly(source, tables.contentsOffset(page), PAGE_BYTES, 'an ACPI table'), page * PAGE_BYTES)
    else if (kind > RECORD.zero) return undefined
  }
  return parseAffinity(bytes)
}

function parseAffinity(bytes: Uint8Array): MemoryAffinity | undefined {
  const view = new DataView(bytes.buffer)
  for (let at = bytes.indexOf(SIGNATURE[0]); at >= 0; at = bytes.indexOf(SIGNATURE[0], at + 1)) {
    if (at + FIRST_STRUCTURE > bytes.length || !SIGNATURE.every((byte, i) => bytes[at + i] === byte)) continue
    const end = at + view.getUint32(at + 4, true)
    if (end > bytes.length) continue
    const found = structures(view, at + FIRST_STRUCTURE, end)
    if (found !== undefined) return found
  }
  return undefined
}

function structures(view: DataView, start: number, end: number): MemoryAffinity | undefined {
  const nodes: GpaRange[] = []
  const persistent: GpaRange[] = []
  let pluggable: GpaRange | undefined
  for (let at = start, bytes = 0; at < end; at += bytes) {
    // A type and a length begin a structure, which a type at the end of the block would lack.
    bytes = at + 1 < end ? view.getUint8(at + 1) : 0
    if (bytes < 2 || at + bytes > end) return undefined
    if (view.getUint8(at) !== MEMORY.type || bytes !== MEMORY.bytes) continue
    const flags = view.getUint32(at + MEMORY.flags, true)
    const range = rangeAt(view, at)
    if ((flags & FLAG.enabled) === 0 || range === undefined) continue
    if ((flags & FLAG.nonVolatile) !== 0) persistent.push(range)
    else if ((flags & FLAG.hotPluggable) !== 0) pluggable = range
    else nodes.push(range)
  }
  return { nodes, persistent, pluggable }
}

function rangeAt(view: DataView, at: number): GpaRange | undefined {
  const [base, bytes] = [view.getBigUint64(at + MEMORY.base, true), view.getBigUint64(at + MEMORY.length, true)]
  if (bytes === 0n || base + bytes > 2n ** 48n) return undefined
  return { base: gpa(base) as Gpa, bytes: Number(bytes) }
}
