import type { MsiFunction, MsixVector } from '../../abi/index.ts'

/** Offsets in PCI configuration space, and the capabilities that matter here (PCI Local Bus 3.0, PCI Express Base). */
const CONFIG = { status: 0x06, headerType: 0x0e, secondaryBus: 0x19, capabilities: 0x34 } as const
const CAPABILITY = { msi: 0x05, express: 0x10, msix: 0x11 } as const
const STATUS_CAPABILITIES = 0x10
const MSIX = { enable: 0x8000, functionMask: 0x4000, tableSize: 0x07ff } as const
const MSI = { enable: 0x01, wide: 0x80, maskable: 0x100 } as const
const VECTOR_BYTES = 16

/** What a device model saved of one PCI function. */
export interface PciState {
  /** The section's name: `0000:00:01.0:00.0/virtio-net`. */
  readonly name: string
  readonly config: Uint8Array
  /** The MSI-X table, 16 bytes a vector; what follows it does not matter. */
  readonly msixTable: Uint8Array
}

/** The offset of a capability in configuration space, or undefined. */
function capability(config: Uint8Array, id: number): number | undefined {
  if (((config[CONFIG.status] ?? 0) & STATUS_CAPABILITIES) === 0) return undefined
  // The list has at most 48 members; a list that loops ends there.
  for (let at = config[CONFIG.capabilities]! & 0xfc, i = 0; at >= 0x40 && i < 48; at = (config[at + 1] ?? 0) & 0xfc, i++) {
    if (config[at] === id) return at
  }
  return undefined
}

/** Bytes of configuration space: an express function has 4096, another one 256. `config` is its beginning. */
export function configBytes(config: Uint8Array): number {
  return capability(config, CAPABILITY.express) === undefined ? 256 : 4096
}

/** Vectors of the MSI-X table; 0 without the capability. */
export function msixVectors(config: Uint8Array): number {
  const at = capability(config, CAPABILITY.msix)
  return at === undefined ? 0 : (u16(config, at + 2) & MSIX.tableSize) + 1
}

const PATH = /^[0-9a-f]{4}:([0-9a-f]{2})((?::[0-9a-f]{2}\.[0-7])+)\/[^/]+$/

/** True for the name of a PCI function's section: `0000:00:01.0:00.0/virtio-net`, and not for a disk of such a device. */
export function isPciFunction(name: string): boolean {
  return PATH.test(name)
}

/**
 * The MSI and MSI-X state of PCI functions. DeviceIDs come from the path of each function and from the bus numbers that the
 * guest gave to the bridges on it; a function behind a bridge that was not saved has none and is left out.
 */
export function msiFunctions(states: readonly PciState[]): MsiFunction[] {
  const buses = new Map<string, number>()
  for (const { name, config } of states) {
    if (((config[CONFIG.headerType] ?? 0) & 0x7f) === 1) buses.set(name.slice(0, name.indexOf('/')), config[CONFIG.secondaryBus]!)
  }
  return states.flatMap((state) => {
    const deviceId = deviceIdOf(state.name, buses)
    return deviceId === undefined ? [] : functionsOf(state, deviceId)
  })
}

function deviceIdOf(name: string, buses: ReadonlyMap<string, number>): number | undefined {
  const [, root, slots] = PATH.exec(name) ?? []
  if (root === undefined || slots === undefined) return undefined
  const path = name.slice(0, name.indexOf('/'))
  const bus = slots.length === ':00.0'.length ? Number.parseInt(root, 16) : buses.get(path.slice(0, path.lastIndexOf(':')))
  if (bus === undefined) return undefined
  const [slot, fn] = path.slice(path.lastIndexOf(':') + 1).split('.')
  return bus * 256 + Number.parseInt(slot!, 16) * 8 + Number(fn)
}

function functionsOf(state: PciState, deviceId: number): MsiFunction[] {
  const { name, config } = state
  const msix = capability(config, CAPABILITY.msix)
  const msi = capability(config, CAPABILITY.msi)
  const found: MsiFunction[] = []
  if (msix !== undefined) {
    const control = u16(config, msix + 2)
    const enabled = (control & (MSIX.enable | MSIX.functionMask)) === MSIX.enable
    found.push({ name, deviceId, kind: 'MSI-X', enabled, vectors: msixTable(state) })
  }
  // A function uses one of the two; the other one's state says nothing.
  if (msi !== undefined && (msix === undefined || (u16(config, msi + 2) & MSI.enable) !== 0)) {
    found.push({
      name,
      deviceId,
      kind: 'MSI',
      enabled: (u16(config, msi + 2) & MSI.enable) !== 0,
      vectors: msiVectors(config, msi),
    })
  }
  return found
}

function msixTable({ config, msixTable: table }: PciState): MsixVector[] {
  const vectors: MsixVector[] = []
  for (let i = 0; i < msixVectors(config) && (i + 1) * VECTOR_BYTES <= table.length; i++) {
    const at = i * VECTOR_BYTES
    vectors.push({ address: u64(table, at), data: u32(table, at + 8), masked: (table[at + 12]! & 1) === 1 })
  }
  return vectors
}

/** One address for all; the vector number stands in the low bits of the data. */
function msiVectors(config: Uint8Array, at: number): MsixVector[] {
  const control = u16(config, at + 2)
  const wide = (control & MSI.wide) !== 0
  const address = wide ? u64(config, at + 4) : BigInt(u32(config, at + 4))
  const data = u16(config, at + (wide ? 12 : 8))
  const count = 2 ** Math.min(5, (control >>> 4) & 7)
  const masks = (control & MSI.maskable) === 0 ? 0 : u32(config, at + (wide ? 16 : 12))
  return Array.from({ length: count }, (_, i) => ({
    address,
    data: data - (data % count) + i,
    masked: ((masks >>> i) & 1) === 1,
  }))
}

/** Configuration space and MSI-X tables are little-endian. Beyond their end they read as zeros. */
function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
}

function u32(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) | (u16(bytes, at + 2) << 16)) >>> 0
}

function u64(bytes: Uint8Array, at: number): bigint {
  return (BigInt(u32(bytes, at + 4)) << 32n) | BigInt(u32(bytes, at))
}
