import { type MsiFunction, type MsixVector, msiTarget, type SavedIts } from '../../abi/index.ts'
import type { JsonValue } from '../json/json-value.ts'
import type { SnapshotNode } from './snapshot-tree.ts'
import { VersionizeReader } from './versionize.ts'

/** Children of a function's node, and where VFIO has them. */
export const CHILD = { msix: 'msix_config', msi: 'msi_config', vfio: 'vfio_common' } as const
const MOST_VECTORS = 2048
const MOST_PENDING = MOST_VECTORS / 64 + 1
const MSI = { enable: 0x01, maskable: 0x100 } as const
const BDF = /^([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/

/** A PCI function of the device tree. */
export interface PciNode {
  /** What people call it, behind its address: `0000:00:03.0/_disk0`. */
  readonly name: string
  readonly deviceId: number
  /** Bus, device and function, where the DeviceID is another. */
  readonly routingId: number
  /** Undefined for one that was not saved. */
  readonly node: SnapshotNode | undefined
  /** The virtio device that it carries: its id. */
  readonly carries: string | undefined
}

/** The PCI functions of the device manager, by their addresses. @source vmm/src/device_tree.rs; pci/src/lib.rs, PciBdf */
export function pciNodes(deviceManager: SnapshotNode): readonly PciNode[] {
  const tree = deviceManager.json().member('device_tree').members()
  const children = deviceManager.children()
  const found: PciNode[] = []
  for (const [id, device] of tree) {
    const members = device.members()
    const bdf = members.get('pci_bdf')
    if (bdf === undefined || bdf.isNull) continue
    const carried =
      members
        .get('children')
        ?.elements(MOST_CHILDREN)
        .map((child) => child.string()) ?? []
    const carries = carried.find((child) => children.has(child))
    found.push({ ...addressOf(bdf, carries ?? id), node: children.get(id), carries })
  }
  return found.sort((a, b) => a.deviceId - b.deviceId)
}

const MOST_CHILDREN = 1 << 10

/** KVM is told the segment in the place of the bus, of which each segment has one. @source hypervisor/src/kvm/mod.rs, make_routing_entry */
function addressOf(bdf: JsonValue, id: string): Pick<PciNode, 'name' | 'deviceId' | 'routingId'> {
  const [address, segment, bus, device, fn] = BDF.exec(bdf.string()) ?? []
  if (address === undefined) throw bdf.wrong('the address of a PCI function')
  const [high, low] = [segment!, bus!].map((digits) => Number.parseInt(digits, 16))
  const devfn = Number.parseInt(device!, 16) * 8 + Number(fn)
  if (devfn > 0xff) throw bdf.wrong('the address of a PCI function')
  return { name: `${address}/${id}`, deviceId: ((high! & 0xff) << 8) | devfn, routingId: (low! << 8) | devfn }
}

/** The MSI and MSI-X state of the functions. */
export function msiFunctions(nodes: readonly PciNode[], itses: readonly SavedIts[]): MsiFunction[] {
  return nodes.flatMap(({ name, deviceId, routingId, node }): MsiFunction[] => {
    const id = { name, deviceId, ...(routingId !== deviceId && { routingId }) }
    if (node === undefined) return [{ ...id, ...UNREAD }]
    const children = node.children()
    const vfio = children.get(CHILD.vfio)
    const parts = vfio === undefined ? children : vfio.children()
    const [msix, msi] = [parts.get(CHILD.msix), parts.get(CHILD.msi)]
    const states: MsiFunction[] = []
    if (msix !== undefined) states.push({ ...id, kind: 'MSI-X', ...msixState(msix, itses) })
    // A function uses one of the two; the other one's state says nothing.
    if (msi !== undefined) {
      const state = msi.form === 'text' ? msiState(msi.json().member('cap'), itses) : undefined
      if (state === undefined && msix === undefined) states.push({ ...id, ...UNREAD })
      else if (state !== undefined && (msix === undefined || state.enabled)) states.push({ ...id, kind: 'MSI', ...state })
    }
    return states
  })
}

const UNREAD = { kind: 'unread', enabled: false, vectors: [] } as const

type State = Pick<MsiFunction, 'enabled' | 'vectors'>

/** @source pci/src/msix.rs, MsixConfigState */
function msixState(node: SnapshotNode, itses: readonly SavedIts[]): State {
  const state = node.form === 'text' ? msixOfJson(node.json()) : msixOfBytes(node)
  return {
    enabled: state.enabled && !state.masked,
    vectors: state.entries.map(([lo, hi, data, control]): MsixVector => {
      const address = (BigInt(hi) << 32n) | BigInt(lo)
      return { address, target: msiTarget(address, itses), data, masked: (control & 1) === 1 }
    }),
  }
}

interface Msix {
  readonly entries: readonly (readonly [lo: number, hi: number, data: number, control: number])[]
  readonly masked: boolean
  readonly enabled: boolean
}

function msixOfJson(state: JsonValue): Msix {
  const entries = state.member('table_entries').elements(MOST_VECTORS)
  return {
    entries: entries.map((entry) => {
      const word = (name: string) => entry.member(name).count()
      return [word('msg_addr_lo'), word('msg_addr_hi'), word('msg_data'), word('vector_ctl')]
    }),
    masked: state.member('masked').boolean(),
    enabled: state.member('enabled').boolean(),
  }
}

function msixOfBytes(node: SnapshotNode): Msix {
  const { bytes, offset } = node.bytes()
  const reader = new VersionizeReader(bytes, offset, 'the MSI-X state of a function')
  const entries = reader.list(16, () => [reader.u32(), reader.u32(), reader.u32(), reader.u32()] as const)
  const pending = reader.list(8, () => reader.u64())
  if (entries.length > MOST_VECTORS || pending.length > MOST_PENDING) throw node.wrong(`at most ${MOST_VECTORS} vectors`)
  const [masked, enabled] = [reader.boolean(), reader.boolean()]
  reader.end()
  return { entries, masked, enabled }
}

/** One address for all; the vector number stands in the low bits of the data. @source pci/src/msi.rs, MsiCap */
function msiState(cap: JsonValue, itses: readonly SavedIts[]): State {
  const word = (name: string, limit?: number) => cap.member(name).count(limit)
  const control = word('msg_ctl', 2 ** 16)
  const [address, data] = [(BigInt(word('msg_addr_hi')) << 32n) | BigInt(word('msg_addr_lo')), word('msg_data', 2 ** 16)]
  const masks = (control & MSI.maskable) === 0 ? 0 : word('mask_bits')
  const count = 2 ** Math.min(5, (control >>> 4) & 7)
  return {
    enabled: (control & MSI.enable) !== 0,
    vectors: Array.from({ length: count }, (_, i) => ({
      address,
      target: msiTarget(address, itses),
      data: data - (data % count) + i,
      masked: ((masks >>> i) & 1) === 1,
    })),
  }
}
