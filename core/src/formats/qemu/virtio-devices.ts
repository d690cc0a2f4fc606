import { GPA_LIMIT, type Gpa } from '../../memory/index.ts'
import { hasFeature, type RingPlace, type VirtioDevice, type VirtioKind, type Virtqueue, virtioKind } from '../../virtio/index.ts'
import type { ByteSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import type { DeviceSection } from './device-sections.ts'
import { CAPABILITY, CONFIG, capability, u16 } from './pci-config.ts'
import { isVirtio } from './pci-state.ts'
import { isPciFunction, type RequesterIds } from './requester-id.ts'
import { virtioParts } from './virtio-parts.ts'
import { type SavedQueue, type VirtioState, virtioState } from './virtio-state.ts'

/** PCI device ids: from the first on each is a device type; one of before virtio 1.0 has its type as subsystem id. */
const PCI_DEVICE = { modern: 0x1040, end: 0x1080 } as const
const LARGEST_RING = 1 << 15
/** Of a device of before virtio 1.0, whose ring is one piece: what the device writes begins on a page. */
const LEGACY_ALIGNMENT = 4096
const DESCRIPTOR_BYTES = 16

/**
 * The virtio functions of the PCI bus, in the order of the stream. Of one whose state cannot be read it says why. The addresses of rings are as the
 * devices have them: behind an IOMMU its input.
 */
export async function virtioDevices(
  source: ByteSource,
  sections: readonly DeviceSection[],
  ids: RequesterIds,
): Promise<VirtioDevice[]> {
  const found: VirtioDevice[] = []
  for (const section of sections) {
    const { name } = section.device
    const deviceId = isPciFunction(name) && isVirtio(section) ? ids.of(name)?.deviceId : undefined
    if (deviceId === undefined) continue
    found.push(await deviceOf(source, section, deviceId))
  }
  return found
}

async function deviceOf(source: ByteSource, section: DeviceSection, deviceId: number): Promise<VirtioDevice> {
  const { device, offset } = section
  const nothing = {
    name: device.name,
    deviceId,
    kind: undefined,
    status: 0,
    features: 0n,
    configVector: undefined,
    queues: [],
    offset,
  }
  try {
    const state = await virtioState(source, section)
    if (state === undefined) return { ...nothing, unread: 'its state is too short' }
    return { ...nothing, ...(await readDevice(source, section, state)) }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return { ...nothing, unread: error.message }
  }
}

async function readDevice(
  source: ByteSource,
  section: DeviceSection,
  state: VirtioState,
): Promise<Pick<VirtioDevice, 'kind' | 'unread' | 'status' | 'features' | 'configVector' | 'queues'>> {
  const { config, status, configVector } = state
  const parts = await virtioParts(source, section, state.end)
  const features = parts.get('virtio/64bit_features')?.view.getBigUint64(0) ?? BigInt(state.features)
  const head = { kind: kindOf(config), status, features, configVector }
  const [rings, packed] = [parts.get('virtio/virtqueues')?.view, parts.get('virtio/packed_virtqueues')?.view]
  const isPacked = hasFeature({ features }, 'ringPacked')
  const isModern = capability(config, CAPABILITY.vendor) !== undefined
  if ((isModern && rings === undefined) || (isPacked && packed === undefined)) {
    return { ...head, queues: [], unread: 'what its state ends with is not known' }
  }
  if (parts.get('virtio/broken')?.view.getUint8(0) === 1)
    return { ...head, queues: [], unread: 'its device model found it broken' }
  const queues = state.queues.map((queue, index): Virtqueue => {
    const { size, vector, nextAvail, at } = queue
    const offset = section.offset + at
    if (size > LARGEST_RING) throw new FormatError(offset, `a ring of at most ${LARGEST_RING} descriptors`, `${size}`)
    const place = placeOf(queue, rings, index)
    return { index, size, vector, place, nextAvail, ...(isPacked && { packed: packedAt(packed!, index) }), offset }
  })
  return { ...head, queues }
}

function kindOf(config: Uint8Array): VirtioKind | undefined {
  const device = u16(config, CONFIG.device)
  const isModern = device >= PCI_DEVICE.modern && device < PCI_DEVICE.end
  return virtioKind(isModern ? device - PCI_DEVICE.modern : u16(config, CONFIG.subsystem))
}

function placeOf({ size, desc }: SavedQueue, rings: DataView | undefined, index: number): RingPlace {
  if (desc === 0n) return { kind: 'unset' }
  if (desc >= BigInt(GPA_LIMIT)) return { kind: 'elsewhere' }
  const [avail, used] =
    rings === undefined ? legacyRing(Number(desc), size) : [rings.getBigUint64(index * 16), rings.getBigUint64(index * 16 + 8)]
  if ([avail, used].some((at) => at >= GPA_LIMIT)) return { kind: 'elsewhere' }
  return { kind: 'ram', desc: Number(desc) as Gpa, avail: Number(avail) as Gpa, used: Number(used) as Gpa }
}

/** @source Virtual I/O Device 1.3, "Legacy Interfaces: A Note on Virtqueue Layout" */
function legacyRing(desc: number, size: number): [avail: number, used: number] {
  const avail = desc + size * DESCRIPTOR_BYTES
  return [avail, Math.ceil((avail + 4 + 2 * size) / LEGACY_ALIGNMENT) * LEGACY_ALIGNMENT]
}

function packedAt(packed: DataView, index: number): NonNullable<Virtqueue['packed']> {
  const at = index * 10
  return {
    avail: { index: packed.getUint16(at), wrap: packed.getUint8(at + 2) !== 0 },
    used: { index: packed.getUint16(at + 3), wrap: packed.getUint8(at + 5) !== 0 },
  }
}
