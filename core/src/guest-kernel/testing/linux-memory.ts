import { readFileSync } from 'node:fs'
import { queueShape, type SavedIts, tableShape } from '../../abi/index.ts'
import { type Gpa, GuestMemory, LoadableMemory, PAGE_BYTES } from '../../memory/index.ts'
import type { GuestRam } from '../ram-reader.ts'

/** A structure as a kernel's BTF has it. */
export interface KernelStruct {
  readonly bytes: number
  readonly members: Readonly<Record<string, number>>
}

/** The ITS driver's structures, by the release of the kernel. */
export const kernels: Readonly<Record<string, Readonly<Record<string, KernelStruct>>>> = JSON.parse(
  readFileSync(new URL('../../../../fixtures/guest-kernels/structs.json', import.meta.url), 'utf8'),
)

export const releases = Object.keys(kernels)

export interface LinuxDevice {
  readonly deviceId: number
  readonly itt: number
  readonly lpiBase: number
  /** ICID of each event that is allocated. */
  readonly events: Readonly<Record<number, number>>
  readonly nrLpis?: number
}

export const RAM = 0x4000_0000
/** Where Debian's 6.12, made for addresses of 52 bits, has its array of struct page, and the linear address of the page that comes first in it. */
const STRUCT_PAGES = { begin: 0xffff_c1ff_c000_0000n, ofLinear: 0xfff0_0000_0000_0000n } as const
const RAM_BYTES = 80 << 20
/** Where the structures are allocated, one behind the other. */
const HEAP = RAM + (40 << 20)
const BTF = RAM + (8 << 20) + 4

/** Where the pieces of an ITS lie that was planted. */
export interface PlantedIts {
  readonly node: number
  readonly list: number
  readonly devices: readonly number[]
}

/** Guest RAM with what a Linux kernel has in it of its ITSes. */
export class LinuxMemory {
  readonly memory: GuestMemory
  readonly #structs: Readonly<Record<string, KernelStruct>>
  /** From an address of RAM to the kernel's address of it. */
  readonly #distance: bigint
  readonly #pageBytes: number
  readonly #structPages: { readonly begin: bigint; readonly ofLinear: bigint }
  #free: number

  /** `pageOffset`: where the linear map begins, with the tag that pointers carry, if any; `pageBytes`: of the kernel's pages. */
  constructor({
    release = '6.12.107+deb13-cloud-arm64',
    pageOffset = 0xffff_0000_0000_0000n,
    memory = new GuestMemory([{ base: RAM as Gpa, bytes: RAM_BYTES, backing: 'sparse' }]),
    heap = HEAP,
    pageBytes = 4096,
    structPages = STRUCT_PAGES as { readonly begin: bigint; readonly ofLinear: bigint },
  } = {}) {
    this.memory = memory
    this.#structs = kernels[release]!
    this.#distance = pageOffset - BigInt(RAM)
    this.#free = heap
    this.#pageBytes = pageBytes
    this.#structPages = structPages
  }

  va(at: number): bigint {
    return BigInt.asUintN(64, BigInt(at) + this.#distance)
  }

  pointer(at: number, to: number): void {
    this.u64(at, this.va(to))
  }

  u64(at: number, value: bigint): void {
    this.memory.setWord(at as Gpa, Number(value & 0xffff_ffffn), Number(value >> 32n))
  }

  /** Where a member of a structure lies that begins at `at`. */
  member(struct: string, member: string, at: number): number {
    return at + this.#structs[struct]!.members[member]!
  }

  kmalloc(bytes: number): number {
    const size = 2 ** Math.max(3, Math.ceil(Math.log2(bytes)))
    this.#free = Math.ceil(this.#free / size) * size + size
    return this.#free - size
  }

  its(its: SavedIts, devices: readonly LinuxDevice[], unsent = 0): PlantedIts {
    const node = this.kmalloc(this.#structs['its_node']!.bytes)
    const at = (member: string) => this.member('its_node', member, node)
    const queue = queueShape(its.cbaser)
    this.u64(at('phys_base'), BigInt(its.base ?? 0))
    this.pointer(at('cmd_base'), queue.base)
    this.pointer(at('cmd_write'), queue.base + ((Number(its.cwriter) + unsent) % queue.bytes))
    for (const [n, value] of its.baser.entries()) {
      const baser = at('tables') + n * this.#structs['its_baser']!.bytes
      if (value !== 0n) this.pointer(this.member('its_baser', 'base', baser), tableShape(value).base)
      this.u64(this.member('its_baser', 'val', baser), value)
      const order = value === 0n ? 0 : Math.max(0, Math.log2(tableShape(value).bytes / this.#pageBytes))
      this.memory.setU32(this.member('its_baser', 'order', baser) as Gpa, order)
    }
    const planted = devices.map((device) => this.#device(device, node))
    const list = at('its_device_list')
    const ring = [list, ...planted.map((device) => this.member('its_device', 'entry', device))]
    for (const [n, from] of ring.entries()) {
      const to = ring[(n + 1) % ring.length]!
      this.pointer(from, to)
      this.pointer(to + 8, from)
    }
    return { node, list, devices: planted }
  }

  /** The structures of these redistributors, of which each has a pending table, and `rdists`: where they lie. */
  redistributors(
    vcpus: readonly { readonly frame: number; readonly pendingTable: number }[],
    propTable: number,
    mapped = 0xffff_8000_8300_0000n,
  ): { readonly vcpus: readonly number[]; readonly rdists: number } {
    const rdists = this.kmalloc(this.#structs['rdists']!.bytes)
    this.u64(this.member('rdists', 'rdist', rdists), 0xffff_8000_81a1_7ed0n)
    this.u64(this.member('rdists', 'prop_table_pa', rdists), BigInt(propTable))
    this.pointer(this.member('rdists', 'prop_table_va', rdists), propTable)
    const planted = vcpus.map(({ frame, pendingTable }) => {
      const rdist = this.kmalloc(this.#structs['rdist']!.bytes)
      this.u64(this.member('rdist', 'rd_base', rdist), mapped + BigInt(frame))
      this.u64(this.member('rdist', 'pend_page', rdist), this.#pageAt(pendingTable))
      this.u64(this.member('rdist', 'phys_base', rdist), BigInt(frame))
      return rdist
    })
    return { vcpus: planted, rdists }
  }

  /** The address of the struct page of what lies at `at`. */
  #pageAt(at: number): bigint {
    const { begin, ofLinear } = this.#structPages
    const pages = BigInt.asUintN(52, this.va(at) - ofLinear) / BigInt(this.#pageBytes)
    return begin + pages * BigInt(this.#structs['page']!.bytes)
  }

  #device({ deviceId, itt, lpiBase, events, nrLpis = 32 }: LinuxDevice, node: number): number {
    const device = this.kmalloc(this.#structs['its_device']!.bytes)
    const at = (member: string) => this.member('its_device', member, device)
    const map = (member: string) => this.member('event_lpi_map', member, at('event_map'))
    const bitmap = this.kmalloc(Math.ceil(nrLpis / 8))
    const collections = this.kmalloc(nrLpis * 2)
    const bits = new Uint8Array(Math.ceil(nrLpis / 64) * 8)
    const icids = new Uint16Array(nrLpis)
    for (const [event, icid] of Object.entries(events)) {
      bits[Number(event) >>> 3]! |= 1 << (Number(event) & 7)
      icids[Number(event)] = icid
    }
    this.memory.write(bitmap as Gpa, bits)
    this.memory.write(collections as Gpa, new Uint8Array(icids.buffer))
    this.pointer(at('its'), node)
    this.pointer(map('lpi_map'), bitmap)
    this.pointer(map('col_map'), collections)
    this.u64(map('lpi_base'), BigInt(lpiBase))
    this.memory.setU32(map('nr_lpis') as Gpa, nrLpis)
    this.pointer(at('itt'), itt)
    this.memory.setU32(at('nr_ites') as Gpa, nrLpis)
    this.memory.setU32(at('device_id') as Gpa, deviceId)
    return device
  }

  /** Writes BTF that has the structures among types of every other kind. */
  btf(at = BTF, types = btfOf(this.#structs)): this {
    this.memory.write(at as Gpa, types)
    return this
  }

  ram(): GuestRam {
    const { memory } = this
    return {
      ranges: memory.ranges,
      memory: () => new LoadableMemory(memory.ranges),
      load: async (into, ranges) => {
        const cursor = memory.cursor()
        for (const { base, bytes } of ranges) {
          for (let at = base - (base % PAGE_BYTES); at < base + bytes; at += PAGE_BYTES) {
            cursor.seek(at as Gpa)
            if (cursor.knownZeros(1) > 0) into.loadZeros(at as Gpa)
            else into.load(at as Gpa, memory.read(at as Gpa, PAGE_BYTES))
          }
        }
      },
    }
  }
}

/** Kinds of BTF with members, and what follows types of other kinds. */
const KIND = { int: 1, array: 3, struct: 4, enum: 6, prototype: 13, variable: 14, section: 15, tag: 17, enum64: 19 } as const
const FOLLOWING = [
  [KIND.int, 4, 0],
  [2, 0, 0],
  [KIND.array, 12, 0],
  [5, 12 * 3, 3],
  [KIND.enum, 8 * 2, 2],
  [7, 0, 0],
  [KIND.prototype, 8 * 4, 4],
  [KIND.variable, 4, 0],
  [KIND.section, 12 * 2, 2],
  [KIND.tag, 4, 0],
  [KIND.enum64, 12, 1],
] as const

/** BTF of structures; one with bit fields has `bitFields`, and KVM's its_device comes first. */
export function btfOf(structs: Readonly<Record<string, KernelStruct>>, { bitFields = false } = {}): Uint8Array {
  const strings = ['']
  const offset = (name: string): number => {
    if (!strings.includes(name)) strings.push(name)
    return strings.slice(0, strings.indexOf(name)).reduce((sum, { length }) => sum + length + 1, 0)
  }
  const words: number[] = []
  const struct = (name: string, { bytes, members }: KernelStruct): void => {
    const entries = Object.entries(members)
    words.push(offset(name), ((KIND.struct << 24) | entries.length | (bitFields ? 0x8000_0000 : 0)) >>> 0, bytes)
    for (const [member, at] of entries) words.push(offset(member), 1, at * 8 + (bitFields ? 0x0500_0000 : 0))
  }
  struct('its_device', { bytes: 56, members: { dev_list: 0, itt_head: 16, device_id: 48 } })
  for (const [kind, following, count] of FOLLOWING) {
    words.push(0, ((kind << 24) | count) >>> 0, 0, ...new Array<number>(following / 4).fill(0xffff_ffff))
  }
  for (const [name, layout] of Object.entries(structs)) struct(name, layout)
  const text = new TextEncoder().encode(strings.map((name) => `${name}\0`).join(''))
  const header = [0x0001_eb9f, 24, 0, words.length * 4, words.length * 4, text.length]
  const bytes = new Uint8Array(Math.ceil((24 + words.length * 4 + text.length) / 8) * 8)
  bytes.set(new Uint8Array(Uint32Array.from([...header, ...words]).buffer))
  bytes.set(text, 24 + words.length * 4)
  return bytes
}
