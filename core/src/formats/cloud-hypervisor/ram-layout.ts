import { GPA_LIMIT, type Gpa, type GpaRange } from '../../memory/index.ts'
import { FormatError } from '../format-error.ts'
import type { JsonValue } from '../json/json-value.ts'
import type { SnapshotNode } from './snapshot-tree.ts'
import { VersionizeReader } from './versionize.ts'

/** A region of guest RAM as it is mapped. */
export interface RamMapping extends GpaRange {
  /** The slot of KVM. */
  readonly slot: number
  readonly zone: string
  /** The region of a virtio-mem device, of which only what is plugged is RAM. */
  readonly isVirtioMem: boolean
  /** Where it begins in the file of its zone. */
  readonly fileOffset: number
}

/** Where guest RAM is. */
export interface RamLayout {
  /** What memory-ranges holds, one behind the other in this order. */
  readonly ranges: readonly GpaRange[]
  readonly mappings: readonly RamMapping[]
  /** The byte of state.json where it is told. */
  readonly offset: number
}

const MOST_RANGES = 1 << 16

/** What the state of the memory manager says. @source vmm/src/memory_manager.rs, MemoryManagerSnapshotData */
export function ramLayout(node: SnapshotNode): RamLayout {
  return node.form === 'text' ? layoutOfJson(node.json()) : layoutOfBytes(node)
}

function layoutOfJson(state: JsonValue): RamLayout {
  const ranges = state.member('memory_ranges').member('data')
  const mappings = state.member('guest_ram_mappings')
  return {
    ranges: ranges.elements(MOST_RANGES).map((range) => rangeAt(range, range.member('gpa').u64(), range.member('length').u64())),
    mappings: mappings.elements(MOST_RANGES).map((mapping) => ({
      ...rangeAt(mapping, mapping.member('gpa').u64(), mapping.member('size').u64()),
      slot: mapping.member('slot').count(),
      zone: mapping.member('zone_id').string(),
      isVirtioMem: mapping.member('virtio_mem').boolean(),
      fileOffset: mapping.member('file_offset').count(Number.MAX_SAFE_INTEGER),
    })),
    offset: ranges.offset,
  }
}

function rangeAt(value: JsonValue, base: bigint, bytes: bigint): GpaRange {
  if (base + bytes > GPA_LIMIT) throw value.wrong('RAM below 2^52')
  return { base: Number(base) as Gpa, bytes: Number(bytes) }
}

/** Members that are not needed follow. */
function layoutOfBytes(node: SnapshotNode): RamLayout {
  const { bytes, offset } = node.bytes()
  const reader = new VersionizeReader(bytes, offset, 'the state of memory')
  const range = (): GpaRange => {
    const [base, length] = [reader.u64(), reader.u64()]
    if (base + length > GPA_LIMIT) throw new FormatError(offset, 'RAM below 2^52', `${length} bytes at ${base}`)
    return { base: Number(base) as Gpa, bytes: Number(length) }
  }
  const ranges = reader.list(16, range)
  const mappings = reader.list(41, () => {
    const slot = reader.u32()
    const where = range()
    const [zone, isVirtioMem, at] = [reader.text(), reader.boolean(), reader.u64()]
    if (at > Number.MAX_SAFE_INTEGER) throw new FormatError(offset, 'a place in a file', `${at}`)
    return { ...where, slot, zone, isVirtioMem, fileOffset: Number(at) }
  })
  return { ranges, mappings, offset }
}
