import { type GpaRange, gpa } from '../../memory/index.ts'
import { type ByteSource, readExactly } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { fieldsOf } from './device-state.ts'
import { msixVectors } from './pci-function.ts'
import { virtioHead } from './pci-state.ts'
import type { DeviceSection } from './stream.ts'

/** Guest address and size of the region come first, as u64; the size of its blocks and its node follow. */
const CHECKS_BYTES = 28
const EARLY = '/virtio-mem-device-early'
const WHOLE = '/virtio-mem'
/** Before the queues of a virtio device: status, interrupt status, selected queue, features, and the length of its configuration. */
const COMMON_BYTES = 1 + 1 + 2 + 4 + 4
/** A queue: its size, its descriptors, the next of them, and its MSI-X vector. */
const QUEUE_BYTES = 4 + 8 + 2 + 2
const MOST_QUEUES = 1024

/** A virtio-mem device: its RAM block is named after the PCI path of the device. */
export interface VirtioMem {
  /** `0000:00:09.0`. */
  readonly path: string
  /** Undefined when the state of the device does not tell. */
  readonly range: GpaRange | undefined
}

/**
 * Where virtio-mem devices have their memory, which a destination compares with its own before it loads anything.
 *
 * @source QEMU hw/virtio/virtio-mem.c, vmstate_virtio_mem_sanity_checks; a section of its own since machine version 8.0, before that in the device's
 */
export async function virtioMems(source: ByteSource, sections: readonly DeviceSection[]): Promise<VirtioMem[]> {
  const found = new Map<string, VirtioMem>()
  for (const section of sections) {
    const { name } = section.device
    const early = name.endsWith(EARLY)
    if (!early && !name.endsWith(WHOLE)) continue
    const path = name.slice(0, name.lastIndexOf('/'))
    if (found.has(path)) continue
    const at = early ? checksField(section) : await checksInDevice(source, section)
    found.set(path, { path, range: at === undefined ? undefined : await readRange(source, section, at) })
  }
  return [...found.values()]
}

function checksField(section: DeviceSection): number | undefined {
  for (const { field, at } of fieldsOf(section)) if (field.name === 'tmp' && field.bytes === CHECKS_BYTES) return at
  return undefined
}

/**
 * Offset of the checks in the state of a device that describes itself as one field: behind its PCI function, its configuration
 * and its queues.
 *
 * @source QEMU hw/virtio/virtio.c, virtio_save; hw/virtio/virtio-pci.c, virtio_pci_save_config and virtio_pci_save_queue
 */
async function checksInDevice(source: ByteSource, section: DeviceSection): Promise<number | undefined> {
  const head = await virtioHead(source, section)
  if (head === undefined) return undefined
  const vectors = msixVectors(head.config)
  const start = head.end + (vectors > 0 ? vectors * 16 + Math.ceil(vectors / 8) + 2 : 0)
  const configBytes = await readU32(source, section, start + COMMON_BYTES - 4)
  const queues = await readU32(source, section, start + COMMON_BYTES + configBytes)
  if (queues > MOST_QUEUES) throw new FormatError(section.offset + start, `at most ${MOST_QUEUES} queues`, `${queues}`)
  return start + COMMON_BYTES + configBytes + 4 + queues * (QUEUE_BYTES - (vectors > 0 ? 0 : 2))
}

async function readU32(source: ByteSource, section: DeviceSection, at: number): Promise<number> {
  return (await stateBytesAt(source, section, at, 4)).getUint32(0)
}

async function readRange(source: ByteSource, section: DeviceSection, at: number): Promise<GpaRange> {
  const view = await stateBytesAt(source, section, at, CHECKS_BYTES)
  const [base, bytes] = [view.getBigUint64(0), view.getBigUint64(8)]
  if (base >= 2n ** 48n || bytes >= 2n ** 48n) {
    throw new FormatError(section.offset + at, `an address and a size of ${section.device.name}`, `0x${base.toString(16)}`)
  }
  return { base: gpa(base), bytes: Number(bytes) }
}

async function stateBytesAt(
  source: ByteSource,
  { device, offset, bytes }: DeviceSection,
  at: number,
  count: number,
): Promise<DataView> {
  if (at + count > bytes) throw new FormatError(offset, `${at + count} bytes in the state of ${device.name}`, `${bytes}`)
  const state = await readExactly(source, offset + at, count, `the state of ${device.name}`)
  return new DataView(state.buffer, state.byteOffset, state.byteLength)
}
