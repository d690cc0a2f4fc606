import { type GicRegisters, type SavedIts, VIRT_ITS } from '../../abi/index.ts'
import { RAM_SAVE_FLAG } from '../qemu/ram-records.ts'

/** One record of a ram section. Without `block` it continues the block of the record before it. */
export type RamRecord =
  | 'hook'
  | 'multifd flush'
  | ({ readonly page: number; readonly block?: string } & (
      | { readonly contents: Uint8Array }
      | { readonly fill: number }
      | { readonly xbzrle: Uint8Array }
      | { readonly zlib: Uint8Array }
    ))

/** What a written stream consists of; every part has a default that makes a whole, small VM. */
export interface StreamParts {
  readonly machine?: string
  readonly capabilities?: readonly string[]
  readonly uuid?: boolean
  readonly blocks?: readonly WrittenBlock[]
  /** Page sizes that the command POSTCOPY_ADVISE announces before RAM. */
  readonly postcopyAdvice?: number
  /** Makes it a mapped-ram file: the pages of each block, by its name and their numbers. */
  readonly mapped?: Readonly<Record<string, ReadonlyMap<number, Uint8Array>>>
  /** Where the stream begins in its file; the offsets of a mapped-ram file count from the file's start. */
  readonly startsAt?: number
  /** The records of each ram section after the first; the last becomes the END section. */
  readonly sections?: readonly (readonly RamRecord[])[]
  readonly registers?: GicRegisters
  /** Instances of the ITS sections; 0, 1 and so on unless told otherwise. */
  readonly itsInstances?: readonly number[]
  /** Another section, begun before the RAM and ended after it. */
  readonly opaque?: OpaqueSection
  /** More devices, after the GIC. */
  readonly devices?: readonly WrittenDevice[]
  /** Devices whose state comes before all RAM. */
  readonly early?: readonly WrittenDevice[]
}

/** A RAM block; some capabilities add a page size or an address. */
export interface WrittenBlock {
  readonly name: string
  readonly bytes: number
  readonly pageSize?: number
  readonly address?: number
}

/** A section sent in several pieces, whose contents only its own device knows. */
export interface OpaqueSection {
  readonly name: string
  readonly start: Uint8Array
  readonly end: Uint8Array
}

/** A device's state and how the description names it. */
export interface WrittenDevice {
  readonly name: string
  readonly instance?: number
  readonly description: object
  readonly state: Uint8Array
}

/** The registers that a written stream has unless told otherwise. */
export const someRegisters: GicRegisters = {
  itses: [
    {
      base: VIRT_ITS,
      ctlr: 0x80000001,
      iidr: 0x4b00043b,
      cbaser: 0xb8000000400a040fn,
      cwriter: 0x20n,
      creadr: 0x20n,
      baser: [0xf907000040010600n, 0xbc07000040020600n, 0n, 0n, 0n, 0n, 0n, 0n],
    },
  ],
  redistributors: [
    { vcpuId: 0, ctlr: 7, propbaser: 0x4003078fn, pendbaser: 0x40040780n },
    { vcpuId: 1, ctlr: 7, propbaser: 0x4003078fn, pendbaser: 0x40050780n },
  ],
}

/** Big-endian bytes, one after another. */
export class Bytes {
  #bytes = new Uint8Array(4096)
  #length = 0

  u8(value: number): this {
    this.#grow(1)
    this.#bytes[this.#length++] = value
    return this
  }
  u16(value: number): this {
    return this.u8(value >>> 8).u8(value)
  }
  u32(value: number): this {
    return this.u16(value >>> 16).u16(value)
  }
  u64(value: number | bigint): this {
    const word = BigInt(value)
    return this.u32(Number(word >> 32n)).u32(Number(word & 0xffffffffn))
  }
  text(value: string): this {
    for (const character of value) this.u8(character.charCodeAt(0))
    return this
  }
  name(value: string): this {
    return this.u8(value.length).text(value)
  }
  raw(bytes: Uint8Array): this {
    this.#grow(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }
  get length(): number {
    return this.#length
  }
  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }
  #grow(by: number): void {
    if (this.#length + by <= this.#bytes.length) return
    const grown = new Uint8Array((this.#length + by) * 2)
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

/** Writes a QEMU migration stream as QEMU does: configuration, RAM, devices, description. */
export function writeStream(parts: StreamParts = {}): Uint8Array {
  const { machine = 'virt-7.2', blocks = [{ name: 'mach-virt.ram', bytes: 0x100000 }], sections = [[]] } = parts
  const out = new Bytes().text('QEVM').u32(3).u8(7).u32(machine.length).text(machine)
  writeConfiguration(out, parts)
  if (parts.postcopyAdvice !== undefined) out.u8(8).u16(3).u16(16).u64(parts.postcopyAdvice).u64(4096)
  const { opaque } = parts
  if (opaque !== undefined) endSection(out.u8(1).u32(OPAQUE_ID).name(opaque.name).u32(0).u32(1).raw(opaque.start), OPAQUE_ID)
  const early = parts.early ?? []
  early.forEach((device, i) => {
    writeDevice(out, device, EARLY_ID + i)
  })
  out.u8(1).u32(RAM_ID).name('ram').u32(0).u32(4)
  out.u64(blocks.reduce((sum, block) => sum + block.bytes, 0) + RAM_SAVE_FLAG.sizes)
  for (const { name, bytes, pageSize, address } of blocks) {
    out.name(name).u64(bytes)
    if (pageSize !== undefined) out.u64(pageSize)
    if (address !== undefined) out.u64(address)
    if (parts.mapped !== undefined) writeMapped(out, bytes, parts.mapped[name] ?? new Map(), parts.startsAt ?? 0)
  }
  endSection(out.u64(RAM_SAVE_FLAG.eos), RAM_ID)
  sections.forEach((records, i) => {
    out.u8(i === sections.length - 1 ? 3 : 2).u32(RAM_ID)
    for (const record of records) writeRecord(out, record)
    endSection(out.u64(RAM_SAVE_FLAG.eos), RAM_ID)
  })
  if (opaque !== undefined) endSection(out.u8(3).u32(OPAQUE_ID).raw(opaque.end), OPAQUE_ID)
  const devices = [...gicDevices(parts), ...(parts.devices ?? [])]
  devices.forEach((device, i) => {
    writeDevice(out, device, RAM_ID + 1 + i)
  })
  return writeDescription(out.u8(0), [...early, ...devices]).done()
}

function writeDevice(out: Bytes, { name, instance = 0, state }: WrittenDevice, id: number): void {
  endSection(out.u8(4).u32(id).name(name).u32(instance).u32(0).raw(state), id)
}

const RAM_ID = 2
const OPAQUE_ID = 99
const EARLY_ID = 200

function endSection(out: Bytes, id: number): void {
  out.u8(0x7e).u32(id)
}

/** A block as mapped-ram has it: header, bitmap, and each page at its own place. QEMU aligns the pages to 1 MiB. */
function writeMapped(out: Bytes, bytes: number, pages: ReadonlyMap<number, Uint8Array>, startsAt: number): void {
  const bitmapOffset = startsAt + out.length + 28
  const bitmap = new Uint8Array(Math.ceil(bytes / 4096 / 64) * 8)
  for (const page of pages.keys()) bitmap[page >> 3]! |= 1 << (page & 7)
  const pagesOffset = Math.ceil((bitmapOffset + bitmap.length) / 512) * 512
  out.u32(1).u64(4096).u64(bitmapOffset).u64(pagesOffset).raw(bitmap)
  const area = new Uint8Array(pagesOffset - startsAt - out.length + bytes)
  for (const [page, contents] of pages) area.set(contents, area.length - bytes + page * 4096)
  out.raw(area)
}

function writeConfiguration(out: Bytes, { mapped, uuid, ...parts }: StreamParts): void {
  const capabilities = mapped === undefined ? parts.capabilities : [...(parts.capabilities ?? []), 'mapped-ram']
  out.u8(5).name('configuration/target-page-bits').u32(1).u32(12)
  if (capabilities !== undefined) {
    out.u8(5).name('configuration/capabilities').u32(1).u32(capabilities.length)
    for (const name of capabilities) out.name(name)
  }
  if (uuid === true) out.u8(5).name('configuration/uuid').u32(1).raw(new Uint8Array(16).fill(0xaa))
}

function writeRecord(out: Bytes, record: RamRecord): void {
  if (record === 'hook') return void out.u64(RAM_SAVE_FLAG.hook)
  if (record === 'multifd flush') return void out.u64(RAM_SAVE_FLAG.multifdFlush)
  const head = (flag: number) => {
    out.u64(record.page * 4096 + flag + (record.block === undefined ? RAM_SAVE_FLAG.continue : 0))
    if (record.block !== undefined) out.name(record.block)
  }
  if ('contents' in record) {
    head(RAM_SAVE_FLAG.page)
    out.raw(record.contents)
  } else if ('fill' in record) {
    head(RAM_SAVE_FLAG.zero)
    out.u8(record.fill)
  } else if ('xbzrle' in record) {
    head(RAM_SAVE_FLAG.xbzrle)
    out.u8(1).u16(record.xbzrle.length).raw(record.xbzrle)
  } else {
    head(RAM_SAVE_FLAG.compressed)
    out.u32(record.zlib.length).raw(record.zlib)
  }
}

function gicDevices({ registers = someRegisters, itsInstances }: StreamParts): WrittenDevice[] {
  const gic = new Bytes().u32(0x12)
  for (const { ctlr, propbaser, pendbaser } of registers.redistributors) gic.u32(ctlr).u64(propbaser).u64(pendbaser)
  gic.u8(5).name('arm_gicv3/shift').u32(1).u8(1)
  const cpu = { vmsd_name: 'arm_gicv3_cpu', version: 1, fields: [u32('gicr_ctlr'), u64('gicr_propbaser'), u64('gicr_pendbaser')] }
  const cpus = registers.redistributors.map((_, index) => ({ name: 'cpu', index, type: 'struct', struct: cpu, size: 20 }))
  const fields = [u32('ctlr'), u32('iidr'), u64('cbaser'), u64('cwriter'), u64('creadr'), { ...u64('baser'), array_len: 8 }]
  const subsection = { vmsd_name: 'arm_gicv3/shift', version: 1, fields: [{ name: 'shift', type: 'bool', size: 1 }] }
  return [
    {
      name: 'arm_gicv3',
      description: { fields: [u32('gicd_ctlr'), ...cpus], subsections: [subsection] },
      state: gic.done(),
    },
    ...registers.itses.map((its, n) => ({
      name: 'arm_gicv3_its',
      instance: itsInstances?.[n] ?? n,
      description: { fields },
      state: itsState(its),
    })),
  ]
}

function itsState({ ctlr, iidr, cbaser, cwriter, creadr, baser }: SavedIts): Uint8Array {
  const state = new Bytes().u32(ctlr).u32(iidr).u64(cbaser).u64(cwriter).u64(creadr)
  for (const word of baser) state.u64(word)
  return state.done()
}

const u32 = (name: string) => ({ name, type: 'uint32', size: 4 })
const u64 = (name: string) => ({ name, type: 'uint64', size: 8 })

function writeDescription(out: Bytes, devices: readonly WrittenDevice[]): Bytes {
  const json = JSON.stringify({
    page_size: 4096,
    devices: devices.map(({ name, instance = 0, description }) => ({ name, instance_id: instance, ...description })),
  })
  return out.u8(6).u32(json.length).text(json)
}

/** An XBZRLE difference from one page to another: runs of unchanged and changed bytes, each with a ULEB128 length. */
export function xbzrle(before: Uint8Array, after: Uint8Array): Uint8Array {
  const out = new Bytes()
  const length = (value: number) => (value < 0x80 ? out.u8(value) : out.u8((value & 0x7f) | 0x80).u8(value >>> 7))
  const run = (from: number, same: boolean) => {
    let at = from
    while (at < after.length && (before[at] === after[at]) === same) at++
    return at
  }
  for (let at = 0; at < after.length; ) {
    const changed = run(at, true)
    if (changed === after.length) break
    const end = run(changed, false)
    length(changed - at)
    length(end - changed).raw(after.subarray(changed, end))
    at = end
  }
  return out.done()
}

/** Index in a written stream where more records can be put into its last ram section: before the record that ends it. */
export function ramEnd(stream: Uint8Array): number {
  const footerAndEos = 5 + 8
  const sectionHeader = 6
  const name = [...'arm_gicv3'].map((character) => character.charCodeAt(0))
  return stream.findIndex((_, at) => name.every((byte, i) => stream[at + i] === byte)) - sectionHeader - footerAndEos
}
