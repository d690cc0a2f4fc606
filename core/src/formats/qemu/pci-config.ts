/** Offsets in PCI configuration space, and the capabilities that matter here (PCI Local Bus 3.0, PCI Express Base). */
export const CONFIG = {
  device: 0x02,
  status: 0x06,
  headerType: 0x0e,
  secondaryBus: 0x19,
  subsystem: 0x2e,
  capabilities: 0x34,
} as const
export const CAPABILITY = { power: 0x01, msi: 0x05, vendor: 0x09, express: 0x10, msix: 0x11 } as const
const STATUS_CAPABILITIES = 0x10

/** What a device model saved of one PCI function. */
export interface PciState {
  /** The section's name: `0000:00:01.0:00.0/virtio-net`. */
  readonly name: string
  readonly config: Uint8Array
  /** The MSI-X table, 16 bytes a vector; what follows it does not matter. */
  readonly msixTable: Uint8Array
}

/** The offset of a capability in configuration space, or undefined. */
export function capability(config: Uint8Array, id: number): number | undefined {
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

/** Configuration space and MSI-X tables are little-endian. Beyond their end they read as zeros. */
export function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
}

export function u32(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) | (u16(bytes, at + 2) << 16)) >>> 0
}

export function u64(bytes: Uint8Array, at: number): bigint {
  return (BigInt(u32(bytes, at + 4)) << 32n) | BigInt(u32(bytes, at))
}
