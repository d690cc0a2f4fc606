import { type GpaRange, gpa } from '../../memory/index.ts'
import type { ByteSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import type { DeviceSection } from './device-sections.ts'
import { fieldsOf } from './device-state.ts'
import { StateReader, virtioState } from './virtio-state.ts'

/** Guest address and size of the region come first, as u64; the size of its blocks and its node follow. */
const CHECKS_BYTES = 28
const EARLY = '/virtio-mem-device-early'
const WHOLE = '/virtio-mem'

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
    const at = early ? checksField(section) : (await virtioState(source, section))?.end
    found.set(path, { path, range: at === undefined ? undefined : await readRange(source, section, at) })
  }
  return [...found.values()]
}

function checksField(section: DeviceSection): number | undefined {
  for (const { field, at } of fieldsOf(section)) if (field.name === 'tmp' && field.bytes === CHECKS_BYTES) return at
  return undefined
}

async function readRange(source: ByteSource, section: DeviceSection, at: number): Promise<GpaRange> {
  const view = await new StateReader(source, section, at).next(CHECKS_BYTES)
  const [base, bytes] = [view.getBigUint64(0), view.getBigUint64(8)]
  if (base >= 2n ** 48n || bytes >= 2n ** 48n) {
    throw new FormatError(section.offset + at, `an address and a size of ${section.device.name}`, `0x${base.toString(16)}`)
  }
  return { base: gpa(base), bytes: Number(bytes) }
}
