import { members, type Structs, structNames } from './structs.ts'

/** The header of BTF: where its types and its strings lie, from the header's end on. @source Linux Documentation/bpf/btf.rst, struct btf_header */
export interface BtfHeader {
  readonly headerBytes: number
  readonly typesOffset: number
  readonly typesBytes: number
  readonly stringsOffset: number
  readonly stringsBytes: number
  /** Header, types and strings. */
  readonly bytes: number
}

export const BTF_HEADER_BYTES = 24
const LONGEST_HEADER = 256
/** The BTF of a whole kernel is some 5 MB; a module's has some kB. */
const MOST_BYTES = 64 << 20

/** @param word the n-th 32-bit word of what may be a header */
export function btfHeader(word: (n: number) => number): BtfHeader | undefined {
  const [headerBytes, typesOffset, typesBytes, stringsOffset, stringsBytes] = [1, 2, 3, 4, 5].map(word) as [
    number,
    number,
    number,
    number,
    number,
  ]
  const bytes = headerBytes + Math.max(typesOffset + typesBytes, stringsOffset + stringsBytes)
  if (headerBytes < BTF_HEADER_BYTES || headerBytes > LONGEST_HEADER || headerBytes % 4 !== 0) return undefined
  if (typesOffset % 4 !== 0 || typesBytes < 12 || stringsBytes < 2 || bytes > MOST_BYTES) return undefined
  return { headerBytes, typesOffset, typesBytes, stringsOffset, stringsBytes, bytes }
}

const KIND_STRUCT = 4

/** What follows the twelve bytes that every type begins with, by kind: bytes, and bytes for each of its members. */
const FOLLOWING: readonly (readonly [fixed: number, each: number])[] = [
  [0, 0], // void
  [4, 0], // INT
  [0, 0], // PTR
  [12, 0], // ARRAY
  [0, 12], // STRUCT
  [0, 12], // UNION
  [0, 8], // ENUM
  [0, 0], // FWD
  [0, 0], // TYPEDEF
  [0, 0], // VOLATILE
  [0, 0], // CONST
  [0, 0], // RESTRICT
  [0, 0], // FUNC
  [0, 8], // FUNC_PROTO
  [4, 0], // VAR
  [0, 12], // DATASEC
  [0, 0], // FLOAT
  [4, 0], // DECL_TAG
  [0, 0], // TYPE_TAG
  [0, 12], // ENUM64
]

/**
 * Reads where the members of the ITS driver's structures lie.
 *
 * @param bytes BTF from its header on, `header.bytes` long
 * @returns nothing when a structure or a member is not there, or the types do not add up
 * @source Linux Documentation/bpf/btf.rst
 */
export function structsOfBtf(bytes: Uint8Array, header: BtfHeader): Structs | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const names = new Names(bytes.subarray(header.headerBytes + header.stringsOffset), header.stringsBytes)
  const wanted = new Map(structNames.map((name) => [names.offset(name), name]))
  const found: Partial<Record<string, Record<string, number>>> = {}
  const end = header.headerBytes + header.typesOffset + header.typesBytes
  for (let at = header.headerBytes + header.typesOffset; at + 12 <= end; ) {
    const info = view.getUint32(at + 4, true)
    const kind = (info >>> 24) & 0x1f
    const count = info & 0xffff
    const following = FOLLOWING[kind]
    if (following === undefined) return undefined
    const next = at + 12 + following[0] + following[1] * count
    if (next > end) return undefined
    const name = kind === KIND_STRUCT ? wanted.get(view.getUint32(at, true)) : undefined
    if (name !== undefined) {
      const offsets = memberOffsets(view, at + 12, count, info >>> 31 === 1, members[name], names)
      // KVM has an its_device of its own, with other members.
      if (members[name].every((member) => member in offsets)) found[name] ??= offsets
    }
    at = next
  }
  return structNames.every((name) => name in found) ? (found as unknown as Structs) : undefined
}

/** Byte offsets of the named members: words, which begin at one. With `bitFields` the top byte of an offset is the width of a bit field. */
function memberOffsets(
  view: DataView,
  from: number,
  count: number,
  bitFields: boolean,
  wanted: readonly string[],
  names: Names,
): Record<string, number> {
  const byName = new Map(wanted.map((member) => [names.offset(member), member]))
  const offsets: Record<string, number> = {}
  for (let at = from; at < from + count * 12; at += 12) {
    const member = byName.get(view.getUint32(at, true))
    if (member === undefined) continue
    const word = view.getUint32(at + 8, true)
    const bits = bitFields ? word & 0xff_ffff : word
    if (bits % 32 === 0) offsets[member] = bits / 8
  }
  return offsets
}

/** The strings of BTF, each of which is there once. */
class Names {
  readonly #bytes: Uint8Array
  readonly #known = new Map<string, number>()

  constructor(bytes: Uint8Array, length: number) {
    this.#bytes = bytes.subarray(0, length)
  }

  /** The offset that stands for a name; -1 when nothing has it. */
  offset(name: string): number {
    const known = this.#known.get(name) ?? this.#find(name)
    this.#known.set(name, known)
    return known
  }

  #find(name: string): number {
    const sought = Array.from(`\0${name}\0`, (character) => character.charCodeAt(0))
    for (let at = this.#bytes.indexOf(0); at >= 0; at = this.#bytes.indexOf(0, at + 1)) {
      if (sought.every((byte, i) => this.#bytes[at + i] === byte)) return at + 1
    }
    return -1
  }
}
