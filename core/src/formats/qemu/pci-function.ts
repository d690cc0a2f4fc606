import { type MsiFunction, type MsixVector, msiTarget, type SavedIts } from '../../abi/index.ts'
import { CAPABILITY, capability, type PciState, u16, u32, u64 } from './pci-config.ts'
import { type RequesterId, RequesterIds } from './requester-id.ts'

const MSIX = { enable: 0x8000, functionMask: 0x4000, tableSize: 0x07ff } as const
const MSI = { enable: 0x01, wide: 0x80, maskable: 0x100 } as const
/** The low bits of PMCSR, 4 bytes into the capability: 0 is D0. */
const POWER = { control: 4, state: 3 } as const
const VECTOR_BYTES = 16

/** Vectors of the MSI-X table; 0 without the capability. */
export function msixVectors(config: Uint8Array): number {
  const at = capability(config, CAPABILITY.msix)
  return at === undefined ? 0 : (u16(config, at + 2) & MSIX.tableSize) + 1
}

/**
 * The MSI and MSI-X state of PCI functions, in their order; then those whose state cannot be read. A function behind a bridge that
 * was not saved has no DeviceID and is left out.
 */
export function msiFunctions(
  states: readonly PciState[],
  itses: readonly SavedIts[],
  unread: readonly string[] = [],
): MsiFunction[] {
  const ids = new RequesterIds(states)
  const read = states.flatMap((state) => {
    const id = ids.of(state.name)
    return id === undefined ? [] : functionsOf(state, id, itses)
  })
  const others = unread.flatMap((name): MsiFunction[] => {
    const id = ids.of(name)
    return id === undefined ? [] : [{ name, ...id, kind: 'unread', enabled: false, vectors: [] }]
  })
  return [...read, ...others]
}

function isAsleep(config: Uint8Array): boolean {
  const at = capability(config, CAPABILITY.power)
  return at !== undefined && (u16(config, at + POWER.control) & POWER.state) !== 0
}

function functionsOf(state: PciState, id: RequesterId, itses: readonly SavedIts[]): MsiFunction[] {
  const { name, config } = state
  const msix = capability(config, CAPABILITY.msix)
  const msi = capability(config, CAPABILITY.msi)
  const found: MsiFunction[] = []
  const power = isAsleep(config) ? ({ asleep: true } as const) : {}
  if (msix !== undefined) {
    const control = u16(config, msix + 2)
    const enabled = (control & (MSIX.enable | MSIX.functionMask)) === MSIX.enable
    found.push({ name, ...id, kind: 'MSI-X', enabled, ...power, vectors: msixTable(state, itses) })
  }
  // A function uses one of the two; the other one's state says nothing.
  if (msi !== undefined && (msix === undefined || (u16(config, msi + 2) & MSI.enable) !== 0)) {
    found.push({
      name,
      ...id,
      kind: 'MSI',
      enabled: (u16(config, msi + 2) & MSI.enable) !== 0,
      ...power,
      vectors: msiVectors(config, msi, itses),
    })
  }
  return found
}

function msixTable({ config, msixTable: table }: PciState, itses: readonly SavedIts[]): MsixVector[] {
  const vectors: MsixVector[] = []
  for (let i = 0; i < msixVectors(config) && (i + 1) * VECTOR_BYTES <= table.length; i++) {
    const at = i * VECTOR_BYTES
    const address = u64(table, at)
    const [data, masked] = [u32(table, at + 8), (table[at + 12]! & 1) === 1]
    vectors.push({ address, target: msiTarget(address, itses), data, masked })
  }
  return vectors
}

/** One address for all; the vector number stands in the low bits of the data. */
function msiVectors(config: Uint8Array, at: number, itses: readonly SavedIts[]): MsixVector[] {
  const control = u16(config, at + 2)
  const wide = (control & MSI.wide) !== 0
  const address = wide ? u64(config, at + 4) : BigInt(u32(config, at + 4))
  const data = u16(config, at + (wide ? 12 : 8))
  const count = 2 ** Math.min(5, (control >>> 4) & 7)
  const masks = (control & MSI.maskable) === 0 ? 0 : u32(config, at + (wide ? 16 : 12))
  return Array.from({ length: count }, (_, i) => ({
    address,
    target: msiTarget(address, itses),
    data: data - (data % count) + i,
    masked: ((masks >>> i) & 1) === 1,
  }))
}
