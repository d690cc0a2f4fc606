import { type ByteSource, readExactly } from '../byte-source.ts'
import { latin1 } from '../stream-reader.ts'
import type { DeviceSection } from './device-sections.ts'
import { SECTION } from './section.ts'
import { MOST_QUEUES } from './virtio-state.ts'

/** What a device's state ends with that all virtio devices have, and how much each part holds. */
const parts = {
  'virtio/device_endian': { bytes: 1 },
  'virtio/128bit_features': { bytes: 8 },
  'virtio/64bit_features': { bytes: 8 },
  /** avail, used: u64 each. */
  'virtio/virtqueues': { bytes: MOST_QUEUES * 16 },
  'virtio/ringsize': { bytes: MOST_QUEUES * 4 },
  'virtio/broken': { bytes: 1 },
  /** Holds parts itself. */
  'virtio/extra_state': { bytes: 0 },
  /** Two selected words of features, two words of features; then size, enabled, desc, avail and used of each queue. */
  'virtio_pci/modern_state': { bytes: 16 + MOST_QUEUES * 28 },
  'virtio/started': { bytes: 1 },
  /** The next available descriptor and its wrap counter, the next used one and its, and buffers in flight. */
  'virtio/packed_virtqueues': { bytes: MOST_QUEUES * 10 },
  'virtio/disabled': { bytes: 1 },
} as const
type PartName = keyof typeof parts

const names = Object.keys(parts) as readonly PartName[]
/** A marker, the name with the length of it, and a version. */
const headerBytes = (name: PartName): number => 1 + 1 + name.length + 4
const ALL_PARTS = names.reduce((sum, name) => sum + headerBytes(name) + parts[name].bytes, 0)

/** One part: where its contents begin in the state, and what they are. */
export interface VirtioPart {
  readonly at: number
  readonly view: DataView
}

/**
 * Reads the parts that end a device's state, by their names. What comes before is only its kind's, of a length that nothing tells: the
 * first place from which known parts follow one another to the very end is where they begin. None when there is no such place, as of parts that
 * are not known here.
 *
 * @source QEMU hw/virtio/virtio.c, vmstate_virtio; hw/virtio/virtio-pci.c, vmstate_virtio_pci
 */
export async function virtioParts(
  source: ByteSource,
  { device, offset, bytes }: DeviceSection,
  from: number,
): Promise<ReadonlyMap<PartName, VirtioPart>> {
  const start = Math.max(from, bytes - ALL_PARTS)
  if (start >= bytes) return new Map()
  const state = await readExactly(source, offset + start, bytes - start, `the state of ${device.name}`)
  for (let at = state.indexOf(SECTION.subsection); at >= 0; at = state.indexOf(SECTION.subsection, at + 1)) {
    const found = partsFrom(state, at, start)
    if (found !== undefined) return found
  }
  return new Map()
}

/** The parts from `first` on, if they end where the state does. */
function partsFrom(state: Uint8Array, first: number, start: number): ReadonlyMap<PartName, VirtioPart> | undefined {
  const found = new Map<PartName, VirtioPart>()
  for (let at = first; at < state.length; ) {
    const name = nameAt(state, at)
    if (name === undefined || found.has(name)) return undefined
    const [begin, end] = [at + headerBytes(name), at + headerBytes(name) + parts[name].bytes]
    if (end > state.length) return undefined
    found.set(name, { at: start + begin, view: new DataView(state.buffer, state.byteOffset + begin, end - begin) })
    at = end
  }
  return found
}

function nameAt(state: Uint8Array, at: number): PartName | undefined {
  if (state[at] !== SECTION.subsection) return undefined
  return names.find((name) => name.length === state[at + 1] && latin1(state.subarray(at + 2, at + 2 + name.length)) === name)
}
