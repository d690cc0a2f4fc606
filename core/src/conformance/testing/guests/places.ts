import { GICR_PENDBASER, GICR_PROPBASER, GITS_BASER, GITS_CBASER, hex } from '../../../abi/index.ts'
import type { Step } from '../../step.ts'

/** Where a played guest keeps what. */
export const RAM = { base: 0x4000_0000, bytes: 0x80_0000 } as const
export const TABLE_BYTES = 0x1_0000
export const CONFIGURATION = RAM.base + 0x1_0000
const PENDING = RAM.base + 0x2_0000
export const RING = RAM.base + 0x8_0000
export const DEVICE_TABLE = RAM.base + 0x10_0000
export const COLLECTION_TABLE = RAM.base + 0x18_0000
/** Second-level pages, one behind the other. */
export const L2_PAGES = { base: RAM.base + 0x20_0000, count: 16 } as const
export const ITTS = { base: RAM.base + 0x40_0000, bytes: 0x40_0000 } as const

export const VCPUS = [0, 1] as const
export const FIRST_LPI = 8192
/** INTID bits of GICR_PROPBASER: LPIs 8192 to 16383. */
export const ID_BITS = 14
/** LPIs whose configuration the guest writes before it begins. */
export const CONFIGURED = 0x400

/** Inner shareable, read-allocate and write-allocate: what a guest writes. */
const memory = { shareability: 1, innerCache: 7 }
const SIZE_64K = 2
const baser = (base: number, indirect: boolean) =>
  GITS_BASER.pack({ ...memory, valid: true, indirect, pageSize: SIZE_64K, addressLow: base })

/** The registers that name those places, as a guest programs them. */
export const registers = {
  deviceBaser: (indirect: boolean) => baser(DEVICE_TABLE, indirect),
  collectionBaser: baser(COLLECTION_TABLE, false),
  cbaser: (pages: number) => GITS_CBASER.pack({ ...memory, valid: true, address: RING, pages: pages - 1 }),
  propbaser: GICR_PROPBASER.pack({ ...memory, address: CONFIGURATION, idBits: ID_BITS - 1 }),
  pendbaser: (vcpu: number) => GICR_PENDBASER.pack({ ...memory, address: PENDING + vcpu * TABLE_BYTES }),
}

export const fill = (at: number, byte: number, bytes: number): Step => ({
  op: 'mem_write',
  gpa: hex(at),
  fill: byte.toString(16).padStart(2, '0'),
  len: hex(bytes),
})
export const zero = (at: number, bytes: number): Step => ({ op: 'mem_zero', gpa: hex(at), len: hex(bytes) })
