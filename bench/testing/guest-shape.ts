import { type Gpa, type GpaRange, PAGE_BYTES } from '@vits/core/memory'

/** The guest of the benchmarks: what it has mapped, and in what kind of VM. */
export interface Shape {
  readonly devices: number
  /** Mapped events of each device: the last ones of its ITT. */
  readonly events: number
  /** An ITT has 2^bits entries. */
  readonly bits: number
  /** From one DeviceID to the next; 1 where not told. */
  readonly deviceStride?: number
  /** From one EventID to the next; 1 where not told. */
  readonly eventStride?: number
  /** 4 where not told; ICID n is mapped to vCPU n. */
  readonly vcpus?: number
  /** Into how many regions guest RAM is divided, with holes between; 1 where not told. */
  readonly regions?: number
}

const RAM = 0x4000_0000
const HOLE = 0x10_0000
const LPIS = 57344

/** Where things are in guest RAM. */
export const places = {
  ram: RAM,
  l1: RAM,
  l2: RAM + 0x1_0000,
  collections: RAM + 0x9_0000,
  queue: RAM + 0x10_0000,
  queueBytes: 0x10_0000,
  configuration: RAM + 0x20_0000,
  pending: (vcpu: number) => RAM + 0x21_0000 + vcpu * 0x1_0000,
} as const

export const vcpusOf = ({ vcpus = 4 }: Shape): number => vcpus

/** Devices with 2^b events each, all of them mapped. */
export const full = (devices: number, events: number): Shape => ({
  devices,
  events,
  bits: Math.max(1, Math.ceil(Math.log2(events))),
})

/** Bytes from one ITT to the next. */
const ittBytes = ({ bits }: Shape) => Math.max(256, 8 << bits)

const devicesEach = ({ devices, regions = 1 }: Shape) => Math.ceil(devices / regions)

/** Where the ITTs begin: at +4 MiB, or behind the pending tables. */
export const firstItt = (shape: Shape): number => Math.max(RAM + 0x40_0000, places.pending(vcpusOf(shape)))

/** Where the ITT of the n-th device is. */
export function ittAddr(shape: Shape, n: number): number {
  return firstItt(shape) + n * ittBytes(shape) + Math.floor(n / devicesEach(shape)) * HOLE
}

export function ramRanges(shape: Shape): GpaRange[] {
  const { devices, regions = 1 } = shape
  return Array.from({ length: regions }, (_, region) => {
    const first = region * devicesEach(shape)
    const base = region === 0 ? RAM : ittAddr(shape, first)
    const end = ittAddr(shape, Math.min(devices, first + devicesEach(shape)) - 1) + ittBytes(shape)
    return { base: base as Gpa, bytes: Math.ceil((end - base) / PAGE_BYTES) * PAGE_BYTES }
  })
}

export const deviceIdOf = ({ deviceStride = 1 }: Shape, n: number): number => n * deviceStride

/** The EventID of the n-th mapped event of each device. */
export function eventIdOf({ events, bits, eventStride = 1 }: Shape, n: number): number {
  return 2 ** bits - 1 - (events - 1 - n) * eventStride
}

/** The LPI and the ICID of the n-th event of all. */
export const lpiOf = (n: number): number => 8192 + (n % LPIS)
export const icidOf = (shape: Shape, n: number): number => n % vcpusOf(shape)

/** `count` mapped events, drawn at random: DeviceID << 16 | EventID. Always the same ones. */
export function randomKeys(shape: Shape, count: number): Int32Array {
  let state = 12345
  const random = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  const keys = new Int32Array(count)
  for (let k = 0; k < count; k++) {
    const n = random() % (shape.devices * shape.events)
    keys[k] = (deviceIdOf(shape, Math.floor(n / shape.events)) << 16) | eventIdOf(shape, n % shape.events)
  }
  return keys
}
