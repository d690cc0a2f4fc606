import type { GicRegisters, MsiFunction, MsixVector, SavedIts, SavedVcpu } from '../../abi/index.ts'
import { GITS_TRANSLATER } from '../../abi/index.ts'
import type { GpaRange } from '../../memory/index.ts'
import type { VirtioDevice, VirtioKind, Virtqueue } from '../../virtio/index.ts'
import { itsBase } from '../firecracker/gic-state.ts'
import type { SerdeType } from '../firecracker/serde-type.ts'
import { encodeVmstate } from '../firecracker/vmstate.ts'
import { vmstateLayouts } from '../firecracker/vmstate-types.ts'
import type { FirecrackerRelease } from '../origin.ts'
import { vcpuRegisters } from './vcpu-code.ts'

/** What a state says; the rest of it is zeros, empty and none. */
export interface StateParts {
  readonly registers: GicRegisters
  readonly regions: readonly WrittenRegion[]
  readonly msi?: readonly MsiFunction[]
  readonly virtio?: readonly VirtioDevice[]
  readonly vcpus?: readonly SavedVcpu[]
  /** Of block devices. */
  readonly engine?: 'Sync' | 'Async'
  readonly bus?: 'pci' | 'mmio'
  readonly hasIts?: boolean
  readonly version?: string
  readonly magic?: bigint
}

export interface WrittenRegion extends GpaRange {
  /** Which of its slots are plugged; the one that it has, when not told. Nothing of it is written for 1.13. */
  readonly plugged?: readonly boolean[]
}

const versions = { '1.13': '8.0.0', '1.14': '8.0.0', '1.15': '9.0.0', '1.16': '10.0.0', main: '11.0.0' } as const
const ARM64 = 0x0710_1984_aaaa_0000n

/** Values by the names of fields, as the tree of a release has them. */
type Tree = Readonly<Record<string, unknown>>

/** The state that a release of Firecracker writes of a VM. */
export function writeVmstate(release: FirecrackerRelease, parts: StateParts): Uint8Array {
  const { whole } = vmstateLayouts[release]
  const state = filled(whole, {
    header: { magic: parts.magic ?? ARM64, version: parts.version ?? versions[release] },
    vm_info: { mem_size_mib: BigInt(Math.ceil(parts.regions.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20)) },
    kvm_state: { kvm_cap_modifiers: ['!171'] },
    memory: { regions: parts.regions.map(region) },
    gic: gicState(parts),
    resource_allocator: { mmio32_memory: allocated, system_memory: allocated },
    vcpu_states: parts.registers.redistributors.map((_, i) => vcpuState(i, parts.vcpus?.[i])),
    device_states: deviceStates(release, parts),
  })
  return encodeVmstate(release, state as never)
}

/** A value of that type: as `given`, and where that says nothing, zeros, empty or none. */
function filled(type: SerdeType, given: unknown): unknown {
  switch (type.kind) {
    case 'struct':
      return Object.fromEntries(
        Object.entries(type.fields).map(([name, field]) => [name, filled(field, (given as Tree)?.[name])]),
      )
    case 'seq':
      return ((given as readonly unknown[]) ?? []).map((element) => filled(type.of, element))
    case 'array':
      return Array.from({ length: type.length }, (_, i) => filled(type.of, (given as readonly unknown[])?.[i]))
    case 'option':
      return given === undefined || given === null ? null : filled(type.of, given)
    case 'enum': {
      const { is, value } = (given as { is: string; value?: unknown }) ?? { is: Object.keys(type.variants)[0]! }
      const variant = type.variants[is]
      return { is, value: variant ? filled(variant, value) : null }
    }
    case 'boxed':
      return filled(type.of(), given)
    case 'bytes':
      return given ?? new Uint8Array(0)
    case 'str':
      return given ?? ''
    case 'bool':
      return given ?? false
    case 'u64':
    case 'i64':
      return given ?? 0n
    default:
      return given ?? 0
  }
}

/** A tree of three intervals. */
const interval = (start: bigint, more: Tree = {}): Tree => ({
  key: { start, end: start + 0xfffn },
  node_state: { is: 'Allocated' },
  height: 1n,
  ...more,
})
const allocated = {
  address_space: { start: 0x4000_3000n, end: 0x6fff_ffffn },
  interval_tree: {
    root: interval(0x4000_4000n, {
      height: 2n,
      left: interval(0x4000_3000n),
      right: interval(0x4000_5000n, { node_state: { is: 'Free' } }),
    }),
  },
}

function region({ base, bytes, plugged = [true] }: WrittenRegion): Tree {
  return {
    base_address: BigInt(base),
    size: BigInt(bytes),
    region_type: { is: plugged.length > 1 ? 'Hotpluggable' : 'Dram' },
    plugged,
  }
}

const words = (...values: readonly number[]): Tree => ({ chunks: values })
const halves = (value: bigint): Tree => words(Number(value & 0xffff_ffffn), Number(value >> 32n))
/** Words of the distributor's registers, in their order, for 96 SPIs. */
const DIST = [1, 1, 3, 3, 3, 192, 6, 3, 3, 3, 3, 24] as const
/** Words of a redistributor's registers behind GICR_CTLR. */
const SGIS = [1, 1, 1, 2, 1, 1, 1, 1, 8] as const

function gicState({ registers, vcpus = [], hasIts = true }: StateParts): Tree {
  const [its] = registers.itses
  const { ctlr = 0, iidr = 0, cbaser, creadr, cwriter, baser } = its ?? ({} as Partial<SavedIts>)
  return {
    dist: DIST.map((count) => words(...new Array<number>(count).fill(0))),
    gic_vcpu_states: registers.redistributors.map(({ ctlr: control, propbaser, pendbaser }, i) => ({
      rdist: [
        words(0),
        words(0),
        halves(propbaser),
        halves(pendbaser),
        words(control),
        ...SGIS.map((count) => words(...new Array<number>(count).fill(0))),
      ],
      icc: icc(vcpus[i]?.isHandling),
    })),
    its_state: hasIts ? { iidr: BigInt(iidr), cbaser, creadr, cwriter, baser, ctlr: BigInt(ctlr) } : null,
  }
}

/** ICC_CTLR_EL1 is the second of the main registers, its EOImode bit 1; the fifth of the others is ICC_AP1R0_EL1. */
function icc(isHandling: boolean | undefined): Tree {
  const one = (value: bigint): Tree => ({ chunks: [value] })
  const main = [7n, isHandling === undefined ? 0x402n : 0x400n, 0n, 1n, 0xf0n, 0n, 0n]
  return { main_icc_regs: main.map(one), ap_icc_regs: [one(0n), null, null, null, one(isHandling ? 4n : 0n), null, null, null] }
}

function vcpuState(index: number, vcpu: SavedVcpu | undefined): Tree {
  const { isOff, values } = vcpuRegisters(vcpu?.did ?? 'unknown')
  const data = new Uint8Array(values.length * 8)
  values.forEach(([, value], i) => {
    new DataView(data.buffer).setBigUint64(i * 8, value, true)
  })
  return {
    mp_state: Uint8Array.of(isOff ? 5 : 0, 0, 0, 0),
    regs: { ids: values.map(([id]) => id), data },
    mpidr: 0x8000_0000n + BigInt(index),
    kvi: new Uint8Array(32),
  }
}

/** Where a device of a kind stands in its state; what Firecracker has not is written as a block device. */
const lists = { blk: 'block_devices', net: 'net_devices', pmem: 'pmem_devices' } as const
const single = { vsock: 'vsock_device', balloon: 'balloon_device', rng: 'entropy_device', mem: 'memory_device' } as const

function deviceStates(release: FirecrackerRelease, parts: StateParts): Tree {
  const { bus = 'pci' } = parts
  const devices = pciDevices(release, parts)
  const clock = {
    vmclock: { guest_address: 0x8000_1000n, inner: { magic: 0x4b4c4356 } },
    vmgenid: { gsi: 35, addr: 0x8000_0000n },
  }
  const serial = { addr: 0x4000_2000n, len: 0x1000n, gsi: 32 }
  if (release === 'main') {
    const virtio_state = bus === 'pci' ? { is: 'Pci', value: devices } : { is: 'Mmio' }
    return { virtio_state, mmio_platform_state: { serial }, acpi_state: clock }
  }
  return {
    mmio_state: { legacy_devices: [{ type_: { is: 'Serial' }, device_info: serial }] },
    acpi_state: clock,
    pci_state: { pci_enabled: bus === 'pci', ...(bus === 'pci' && devices) },
  }
}

function pciDevices(release: FirecrackerRelease, { registers, msi = [], virtio = [], engine }: StateParts): Tree {
  const found: Record<string, unknown> = {}
  const base = itsBase(registers.redistributors.length)
  for (const [n, fn] of msi.entries()) {
    const device = virtio.find(({ name }) => name === fn.name)
    const kind = kindOf(fn, device)
    const state = onPci(fn, device, base, n)
    const of = (list: string): readonly unknown[] => (found[list] as readonly unknown[]) ?? []
    const one = kind in single ? single[kind as keyof typeof single] : undefined
    if (one !== undefined && found[one] === undefined && (kind !== 'mem' || release !== '1.13')) {
      found[one] = { ...state, device_state: ownState(kind, device) }
      continue
    }
    const list = kind === 'net' ? lists.net : kind === 'pmem' && release !== '1.13' ? lists.pmem : lists.blk
    found[list] = [
      ...of(list),
      { ...state, device_state: list === lists.blk ? blockState(device, engine) : ownState(kind, device) },
    ]
  }
  return found
}

const kindOf = ({ name }: MsiFunction, device: VirtioDevice | undefined): VirtioKind =>
  device?.kind ?? (name.endsWith('/virtio-net') ? 'net' : 'blk')

function ownState(kind: VirtioKind, device: VirtioDevice | undefined): Tree {
  const virtio_state = virtioState(device)
  return kind === 'vsock' ? { frontend: { cid: 3n, virtio_state } } : { virtio_state }
}

function blockState(device: VirtioDevice | undefined, engine: 'Sync' | 'Async' = 'Sync'): Tree {
  return {
    is: 'Virtio',
    value: { id: 'rootfs', disk_path: '/srv/rootfs', virtio_state: virtioState(device), file_engine_type: { is: engine } },
  }
}

function virtioState(device: VirtioDevice | undefined): Tree {
  return { acked_features: device?.features ?? 0n, queues: device?.queues.map(queueState) ?? [], activated: device !== undefined }
}

function queueState({ size, place, nextAvail }: Virtqueue): Tree {
  if (place.kind !== 'ram') return { max_size: size, size, next_avail: nextAvail }
  const { desc, avail, used } = place
  const rings = { desc_table: BigInt(desc), avail_ring: BigInt(avail), used_ring: BigInt(used) }
  return { max_size: size, size, ready: true, ...rings, next_avail: nextAvail }
}

const NO_VECTOR = 0xffff

function onPci(fn: MsiFunction, device: VirtioDevice | undefined, base: number, n: number): Tree {
  const { deviceId: sbdf, vectors, enabled } = fn
  const address = ({ target, address: written }: MsixVector): bigint =>
    target.kind === 'translater' || target.kind === 'translated' ? BigInt(base + GITS_TRANSLATER) : written
  const table_entries = vectors.map((vector) => ({
    msg_addr_lo: Number(address(vector) & 0xffff_ffffn),
    msg_addr_hi: Number(address(vector) >> 32n),
    msg_data: vector.data,
    vector_ctl: Number(vector.masked),
  }))
  const transport_state = {
    pci_device_bdf: '0000:00:01.0',
    sbdf,
    msix_state: { table_entries, pba_entries: [0n], enabled, masked: false, vectors: vectors.map((_, i) => 96 + i) },
    pci_dev_state: {
      driver_status: device?.status ?? 0,
      msix_config: device?.configVector ?? NO_VECTOR,
      msix_queues: device?.queues.map(({ vector }) => vector ?? NO_VECTOR) ?? [],
    },
    pci_configuration_state: { registers: new Array<number>(16).fill(0), writable_bits: new Array<number>(16).fill(0) },
  }
  return { device_id: `device-${n}`, sbdf, transport_state }
}
