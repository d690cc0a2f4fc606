import { type ByteSource, readExactly } from '../byte-source.ts'
import type { DeviceSection } from './device-sections.ts'
import { fieldsOf } from './device-state.ts'
import { configBytes, type PciState } from './pci-config.ts'
import { msixVectors } from './pci-function.ts'
import { isPciFunction, pathOf } from './requester-id.ts'

/** After the state's version number comes configuration space, then four interrupt pins. */
const VERSION_BYTES = 4
const PINS_BYTES = 16
const SMALLEST_CONFIG = 256
const LARGEST_CONFIG = 4096
/** 2048 vectors. */
const LARGEST_TABLE = 2048 * 16

/** The PCI functions of a stream. */
export interface PciStates {
  readonly states: readonly PciState[]
  /** Names of functions whose state cannot be read: VFIO saves what it passes through as bytes of its own. */
  readonly unread: readonly string[]
}

/** The state of every PCI function in the stream, as far as MSIs are concerned. */
export async function pciStates(source: ByteSource, sections: readonly DeviceSection[]): Promise<PciStates> {
  const states: PciState[] = []
  const unread = new Map<string, string>()
  for (const section of sections) {
    const { name } = section.device
    if (!isPciFunction(name)) continue
    const state = isVirtio(section) ? await virtioState(source, section) : await describedState(source, section)
    if (state === undefined) unread.set(pathOf(name), name)
    else states.push(state)
  }
  // Beside a function's state there may be sections of other things that it has.
  for (const { name } of states) unread.delete(pathOf(name))
  return { states, unread: [...unread.values()] }
}

/** A virtio device saves itself as one opaque field: its PCI function first. */
export function isVirtio({ device: { fields } }: DeviceSection): boolean {
  return fields.length === 1 && fields[0]!.type === 'virtio'
}

async function virtioState(source: ByteSource, section: DeviceSection): Promise<PciState | undefined> {
  const head = await virtioHead(source, section)
  if (head === undefined) return undefined
  return { name: section.device.name, config: head.config, msixTable: head.rest }
}

/** How a virtio device's state begins. */
export interface VirtioHead {
  readonly config: Uint8Array
  /** Offset in the state of what comes behind configuration space and interrupt pins: the MSI-X table, if there is one. */
  readonly end: number
  /** What comes there, at least a whole MSI-X table if the state is that long. */
  readonly rest: Uint8Array
}

/** The PCI function that a virtio device's state begins with; undefined when the state is too short to be one. */
export async function virtioHead(source: ByteSource, section: DeviceSection): Promise<VirtioHead | undefined> {
  const most = VERSION_BYTES + LARGEST_CONFIG + PINS_BYTES + LARGEST_TABLE
  const state = await readExactly(source, section.offset, Math.min(section.bytes, most), `the state of ${section.device.name}`)
  if (state.length < VERSION_BYTES + SMALLEST_CONFIG) return undefined
  const bytes = configBytes(state.subarray(VERSION_BYTES))
  const end = VERSION_BYTES + bytes + PINS_BYTES
  return { config: state.subarray(VERSION_BYTES, VERSION_BYTES + bytes), end, rest: state.subarray(end) }
}

/** Any other device names its configuration space and its MSI-X table by their types. */
async function describedState(source: ByteSource, section: DeviceSection): Promise<PciState | undefined> {
  let config: Uint8Array | undefined
  let msixTable: Uint8Array = new Uint8Array(0)
  const read = (at: number, bytes: number) =>
    readExactly(source, section.offset + at, Math.max(0, Math.min(bytes, section.bytes - at)), section.device.name)
  for (const { field, at } of fieldsOf(section)) {
    if (field.type === 'pci config' && config === undefined) config = await read(at, Math.min(field.bytes, LARGEST_CONFIG))
    if (field.type === 'msix state' && msixTable.length === 0) msixTable = await read(at, Math.min(field.bytes, LARGEST_TABLE))
  }
  if (config === undefined || config.length < SMALLEST_CONFIG) return undefined
  return { name: section.device.name, config, msixTable: msixTable.subarray(0, msixVectors(config) * 16) }
}
