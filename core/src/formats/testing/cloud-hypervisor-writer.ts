import { GITS_TRANSLATER, type MsiFunction, type MsixVector } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { bytesSource, type MachineFile } from '../index.ts'
import { type DressedMachine, withAddress } from './dressed-machine.ts'

/** How each span of versions writes. */
export type SnapshotStyle = 'v25' | 'v29' | 'v39' | 'v46'

export interface SnapshotParts extends DressedMachine {
  readonly style?: SnapshotStyle
  /** More children of the device manager, and of its device tree: their states. */
  readonly devices?: Readonly<Record<string, WrittenNode>>
  readonly tree?: Readonly<Record<string, unknown>>
  /** RAM of these zones is left out: [zone, pieces of `ram`]. */
  readonly zones?: readonly WrittenZone[]
}

/** A zone whose file stays where it is, and holds those pieces of RAM. */
export interface WrittenZone {
  readonly id: string
  readonly file: string
  readonly pieces: readonly number[]
}

/** A component: its state, and its children. */
export interface WrittenNode {
  /** JSON, or the bytes that versionize made of it. */
  readonly state?: object | Uint8Array
  readonly children?: Readonly<Record<string, WrittenNode>>
}

const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const lo = (word: bigint): number => Number(word & 0xffff_ffffn)
const hi = (word: bigint): number => Number(word >> 32n)

/** JSON with every bit of its integers, as serde_json writes it. */
export function exactJson(value: unknown): string {
  if (typeof value === 'bigint') return `${value}`
  if (Array.isArray(value)) return `[${value.map(exactJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}:${exactJson(member)}`)
    .join(',')}}`
}

/** Where Cloud Hypervisor has the ITS of a VM of so many vCPUs. */
export const snapshotIts = (vcpus: number): Gpa => (0x08ff_0000 - (vcpus + 1) * 0x2_0000) as Gpa

/**
 * The files of a snapshot as Cloud Hypervisor writes them, RAM last first: its table of ranges is in no order. The guest finds its ITS
 * where Cloud Hypervisor has it.
 */
export function snapshotFiles(parts: SnapshotParts): MachineFile[] {
  const { registers, zones = [] } = parts
  const vcpus = registers.redistributors.length
  const { base } = registers.itses[0]!
  const ram = base === undefined ? parts.ram : withAddress(parts.ram, base, snapshotIts(vcpus))
  const kept = new Set(zones.flatMap(({ pieces }) => pieces))
  const written = ram.filter((_, i) => !kept.has(i)).reverse()
  const bytes = ram.reduce((sum, piece) => sum + piece.bytes.length, 0)
  const config = {
    cpus: { boot_vcpus: vcpus, max_vcpus: vcpus },
    memory: { size: bytes, shared: false, zones: zones.map(({ id, file }) => ({ id, size: 0, file, shared: true })) },
  }
  const files: MachineFile[] = [
    { name: 'config.json', source: bytesSource(utf8(exactJson(config))) },
    { name: 'state.json', source: bytesSource(utf8(exactJson(stateOf(parts)))) },
  ]
  if (written.length > 0) {
    files.push({ name: 'memory-ranges', source: bytesSource(new Uint8Array(Buffer.concat(written.map((piece) => piece.bytes)))) })
  }
  for (const { file, pieces } of zones) {
    const contents = new Uint8Array(Buffer.concat(pieces.map((piece) => ram[piece]!.bytes)))
    files.push({ name: file.slice(file.lastIndexOf('/') + 1), source: bytesSource(contents) })
  }
  return files
}

function stateOf(parts: SnapshotParts): unknown {
  const { style = 'v46', devices = {}, tree = {} } = parts
  const gic = { 'gic-v3-its': { state: gicOf(parts) } }
  const functions = functionsOf(parts)
  const deviceManager: WrittenNode = {
    state: { device_tree: { ...functions.tree, ...tree }, device_id_cnt: 0 },
    children: { ...(style === 'v25' ? {} : gic), ...functions.devices, ...devices },
  }
  const vm: WrittenNode = {
    state: {},
    children: {
      'cpu-manager': {},
      'memory-manager': { state: memoryOf(parts) },
      'device-manager': deviceManager,
      ...(style === 'v25' ? gic : {}),
    },
  }
  return nodeOf('vm', vm, style)
}

function nodeOf(id: string, { state, children = {} }: WrittenNode, style: SnapshotStyle): unknown {
  const snapshots = Object.fromEntries(Object.entries(children).map(([name, child]) => [name, nodeOf(name, child, style)]))
  if (style === 'v25') {
    const section = `${id}-section`
    const data = state === undefined ? {} : { [section]: { id: section, snapshot: [...bytesOf(state)] } }
    return { id, snapshots, snapshot_data: data }
  }
  if (state === undefined) return { snapshots, snapshot_data: null }
  return { snapshots, snapshot_data: style === 'v29' ? [...bytesOf(state)] : { state: exactJson(state) } }
}

const bytesOf = (state: object): Uint8Array => (state instanceof Uint8Array ? state : utf8(exactJson(state)))

function gicOf({ registers, style = 'v46' }: SnapshotParts): object {
  const { itses, redistributors } = registers
  const { ctlr, iidr, cbaser, cwriter, creadr, baser } = itses[0]!
  const state = {
    dist: new Array(568).fill(0),
    rdist: [
      ...redistributors.flatMap((one) => [
        0,
        0,
        lo(one.propbaser),
        hi(one.propbaser),
        lo(one.pendbaser),
        hi(one.pendbaser),
        one.ctlr,
      ]),
      ...redistributors.flatMap(() => [0xffff_ffff, 0, 0xffff, 0, 0, 0, 0, 0, 0, ...new Array(8).fill(0xa0a0_a0a0)]),
    ],
    icc: new Array(9 * redistributors.length).fill(0),
    gicd_ctlr: 0x12,
    its_ctlr: ctlr,
    its_iidr: iidr,
    its_cbaser: cbaser,
    its_cwriter: cwriter,
    its_creadr: creadr,
    its_baser: baser,
  }
  return style === 'v46' ? { Kvm: state } : state
}

function memoryOf({ ram, zones = [], style = 'v46' }: SnapshotParts): object {
  const zoneOf = (index: number) => zones.find(({ pieces }) => pieces.includes(index))
  const ranges = ram
    .map(({ base, bytes }, i) => ({ gpa: base, length: bytes.length, i }))
    .filter(({ i }) => zoneOf(i) === undefined)
  const mappings = ram.map(({ base, bytes }, slot) => {
    const zone = zoneOf(slot)
    const before = zone?.pieces.slice(0, zone.pieces.indexOf(slot)) ?? []
    const file_offset = before.reduce((sum, piece) => sum + ram[piece]!.bytes.length, 0)
    return { slot, gpa: base, size: bytes.length, zone_id: zone?.id ?? 'mem0', virtio_mem: false, file_offset }
  })
  const data = ranges.reverse().map(({ gpa, length }) => ({ gpa, length }))
  if (style === 'v25' || style === 'v29') return versionized(data, mappings)
  return {
    memory_ranges: { data },
    guest_ram_mappings: mappings,
    start_of_device_area: 0,
    boot_ram: 0,
    current_ram: 0,
    arch_mem_regions: [],
    hotplug_slots: [],
    next_memory_slot: mappings.length,
    selected_slot: 0,
    next_hotplug_slot: 0,
  }
}

interface Mapping {
  readonly slot: number
  readonly gpa: number
  readonly size: number
  readonly zone_id: string
  readonly virtio_mem: boolean
  readonly file_offset: number
}

function versionized(
  ranges: readonly { readonly gpa: number; readonly length: number }[],
  mappings: readonly Mapping[],
): Uint8Array {
  const out = new LittleEndian().u64(ranges.length)
  for (const { gpa, length } of ranges) out.u64(gpa).u64(length)
  out.u64(mappings.length)
  for (const { slot, gpa, size, zone_id, virtio_mem, file_offset } of mappings) {
    out
      .u32(slot)
      .u64(gpa)
      .u64(size)
      .u64(zone_id.length)
      .raw(utf8(zone_id))
      .raw([Number(virtio_mem)])
      .u64(file_offset)
  }
  // What the memory manager knows besides: three numbers, two empty lists, three numbers.
  return out.u64(0).u64(0).u64(0).u64(0).u64(0).u32(mappings.length).u64(0).u64(0).done()
}

class LittleEndian {
  readonly #bytes: number[] = []

  u32(value: number): this {
    return this.raw([value, value >>> 8, value >>> 16, value >>> 24])
  }

  u64(value: number | bigint): this {
    return this.u32(lo(BigInt(value))).u32(hi(BigInt(value)))
  }

  raw(bytes: Iterable<number>): this {
    this.#bytes.push(...bytes)
    return this
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }
}

/** The functions as virtio devices on the segment that their DeviceIDs name; what cannot be read is in the tree only. */
function functionsOf({ registers, msi = [], style = 'v46' }: SnapshotParts): {
  devices: Record<string, WrittenNode>
  tree: object
} {
  const doorbell = BigInt(snapshotIts(registers.redistributors.length) + GITS_TRANSLATER)
  const devices: Record<string, WrittenNode> = {}
  const tree: Record<string, unknown> = {}
  for (const [i, one] of msi.entries()) {
    const id = `_vfio${i}`
    const [segment, device] = [one.deviceId >>> 8, (one.deviceId >>> 3) & 31].map((n) => n.toString(16).padStart(2, '0'))
    tree[id] = { id, resources: [], children: [], pci_bdf: `00${segment}:00:${device}.${one.deviceId & 7}` }
    if (one.kind === 'unread') continue
    const state = one.kind === 'MSI-X' ? msixOf(one, doorbell, style) : { cap: msiOf(one, doorbell) }
    const name = one.kind === 'MSI-X' ? 'msix_config' : 'msi_config'
    devices[id] = { children: { vfio_common: { children: { [name]: { state } } } } }
  }
  return { devices, tree }
}

const addressOf = ({ address, target }: MsixVector, doorbell: bigint): bigint =>
  target.kind === 'translater' || target.kind === 'translated' ? doorbell : address

function msixOf({ enabled, vectors }: MsiFunction, doorbell: bigint, style: SnapshotStyle): object {
  const entries = vectors.map((vector) => {
    const address = addressOf(vector, doorbell)
    return { msg_addr_lo: lo(address), msg_addr_hi: hi(address), msg_data: vector.data, vector_ctl: Number(vector.masked) }
  })
  const pending = new Array(Math.floor(vectors.length / 64) + 1).fill(0)
  if (style === 'v39' || style === 'v46') return { table_entries: entries, pba_entries: pending, masked: false, enabled }
  const out = new LittleEndian().u64(entries.length)
  for (const { msg_addr_lo, msg_addr_hi, msg_data, vector_ctl } of entries) {
    out.u32(msg_addr_lo).u32(msg_addr_hi).u32(msg_data).u32(vector_ctl)
  }
  out.u64(pending.length)
  for (const word of pending) out.u64(word)
  return out.raw([0, Number(enabled)]).done()
}

/** Of one vector or several, which have one address and follow each other. */
function msiOf({ enabled, vectors }: MsiFunction, doorbell: bigint): object {
  const [first] = vectors
  const address = first === undefined ? 0n : addressOf(first, doorbell)
  return {
    msg_ctl: Number(enabled) | (Math.ceil(Math.log2(Math.max(1, vectors.length))) << 4) | 0x180,
    msg_addr_lo: lo(address),
    msg_addr_hi: hi(address),
    msg_data: first?.data ?? 0,
    mask_bits: vectors.reduce((bits, { masked }, i) => bits | (Number(masked) << i), 0) >>> 0,
    pending_bits: 0,
  }
}
