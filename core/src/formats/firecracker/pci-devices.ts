import { type MsiFunction, type MsixVector, msiTarget, type SavedIts } from '../../abi/index.ts'
import { GPA_LIMIT, type Gpa } from '../../memory/index.ts'
import type { RingPlace, VirtioDevice, VirtioKind, Virtqueue } from '../../virtio/index.ts'
import { printable } from '../format-error.ts'
import type { FirecrackerRelease } from '../origin.ts'
import type { Vmstate } from './vmstate.ts'

/** A virtio device on the PCI bus, of whatever release. */
interface PciDevice {
  readonly kind: VirtioKind
  readonly device_id: string
  readonly sbdf: number
  readonly virtio: VirtioState
  readonly transport: Transport
  /** A block device that may have requests under way while it is saved. */
  readonly isAsync: boolean
}

interface VirtioState {
  readonly acked_features: bigint
  readonly queues: readonly {
    readonly size: number
    readonly ready: boolean
    readonly desc_table: bigint
    readonly avail_ring: bigint
    readonly used_ring: bigint
    readonly next_avail: number
  }[]
}

interface Transport {
  readonly pci_dev_state: {
    readonly driver_status: number
    readonly msix_config: number
    readonly msix_queues: readonly number[]
  }
  readonly msix_state: {
    readonly table_entries: readonly {
      readonly msg_addr_lo: number
      readonly msg_addr_hi: number
      readonly msg_data: number
      readonly vector_ctl: number
    }[]
    readonly masked: boolean
    readonly enabled: boolean
  }
}

/** A device as its release saves it; `S`: what it has of its own. */
interface On<S> {
  readonly device_id: string
  readonly sbdf: number
  readonly device_state: S
  readonly transport_state: Transport
}
interface Own {
  readonly virtio_state: VirtioState
}

/** The devices of a state that is read whole, in its order; none without a PCI bus. */
function pciDevices(state: Vmstate): readonly PciDevice[] {
  const bus = busOf(state)
  if (bus === undefined) return []
  const blocks: readonly On<{ readonly value: Own & { readonly file_engine_type?: { readonly is: 'Sync' | 'Async' } } }>[] =
    bus.block_devices
  const nets: readonly On<Own>[] = bus.net_devices
  const vsock: On<{ readonly frontend: Own }> | null = bus.vsock_device
  const others: readonly (readonly [VirtioKind, On<Own> | null])[] = [
    ['balloon', bus.balloon_device],
    ['rng', bus.entropy_device],
    ...('pmem_devices' in bus ? bus.pmem_devices.map((one: On<Own>) => ['pmem', one] as const) : []),
    ['mem', 'memory_device' in bus ? bus.memory_device : null],
  ]
  const device = (
    kind: VirtioKind,
    { device_id, sbdf, transport_state: transport }: On<unknown>,
    { virtio_state: virtio }: Own,
  ) => ({
    kind,
    device_id,
    sbdf,
    virtio,
    transport,
    isAsync: false,
  })
  return [
    ...blocks.map((one) => {
      const { value } = one.device_state
      return { ...device('blk', one, value), isAsync: value.file_engine_type?.is === 'Async' }
    }),
    ...nets.map((one) => device('net', one, one.device_state)),
    ...(vsock === null ? [] : [device('vsock', vsock, vsock.device_state.frontend)]),
    ...others.flatMap(([kind, one]) => (one === null ? [] : [device(kind, one, one.device_state)])),
  ]
}

function busOf({ release, whole }: Vmstate) {
  if (whole === undefined) return undefined
  if (release !== 'main') return whole.device_states.pci_state.pci_enabled ? whole.device_states.pci_state : undefined
  const { virtio_state } = whole.device_states
  return virtio_state.is === 'Pci' ? virtio_state.value : undefined
}

/** What a driver sets a vector to that is to tell it of nothing. */
const NO_VECTOR = 0xffff
const MASKED = 1

/** As QEMU names its own: `0000:00:01.0/rootfs/virtio-blk`; between address and model the name that the user gave it. */
function nameOf({ sbdf, device_id, kind }: PciDevice): string {
  const digits = (value: number, count: number): string => value.toString(16).padStart(count, '0')
  const [segment, bus, slot] = [digits(sbdf >>> 16, 4), digits((sbdf >>> 8) & 0xff, 2), digits((sbdf >>> 3) & 0x1f, 2)]
  return printable(`${segment}:${bus}:${slot}.${sbdf & 7}/${device_id}/virtio-${kind}`)
}

/** The MSI-X tables of its PCI devices. A DeviceID is segment, bus, device and function in one. @source Firecracker src/vmm/src/vstate/interrupts.rs, MsixVector */
export function msiFunctions(state: Vmstate, itses: readonly SavedIts[]): MsiFunction[] {
  return pciDevices(state).map((device) => {
    const { table_entries, enabled, masked } = device.transport.msix_state
    const vectors = table_entries.map((entry): MsixVector => {
      const address = (BigInt(entry.msg_addr_hi) << 32n) | BigInt(entry.msg_addr_lo)
      const isMasked = (entry.vector_ctl & MASKED) !== 0
      return { address, target: msiTarget(address, itses), data: entry.msg_data, masked: isMasked }
    })
    return { name: nameOf(device), deviceId: device.sbdf, kind: 'MSI-X', enabled: enabled && !masked, vectors }
  })
}

/** Up to 1.14 devices were saved after the GIC. @source Firecracker commit 67ba7a206 */
const savesDevicesLast: readonly FirecrackerRelease[] = ['1.13', '1.14']

/** The virtio devices on its PCI bus with their queues. */
export function virtioDevices(state: Vmstate): VirtioDevice[] {
  return pciDevices(state).map((device) => {
    const { kind, sbdf: deviceId, virtio, transport } = device
    const { driver_status: status, msix_config, msix_queues } = transport.pci_dev_state
    const queues = virtio.queues.map((queue, index): Virtqueue => {
      const { size, next_avail: nextAvail } = queue
      return { index, size, vector: vector(msix_queues[index]), place: placeOf(queue), nextAvail, offset: state.start }
    })
    const late = device.isAsync && savesDevicesLast.includes(state.release) ? ({ savedAfterGic: true } as const) : {}
    const head = { name: nameOf(device), deviceId, kind, ...late, status, features: virtio.acked_features }
    return { ...head, configVector: vector(msix_config), queues, offset: state.start }
  })
}

const vector = (set: number | undefined): number | undefined => (set === NO_VECTOR ? undefined : set)

function placeOf({ ready, desc_table, avail_ring, used_ring }: VirtioState['queues'][number]): RingPlace {
  if (!ready) return { kind: 'unset' }
  if ([desc_table, avail_ring, used_ring].some((at) => at >= GPA_LIMIT)) return { kind: 'elsewhere' }
  const at = (address: bigint): Gpa => Number(address) as Gpa
  return { kind: 'ram', desc: at(desc_table), avail: at(avail_ring), used: at(used_ring) }
}
