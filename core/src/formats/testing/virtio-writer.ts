import { Bytes } from './stream-writer.ts'

/** A queue as a written state has it. */
export interface WrittenQueue {
  readonly size?: number
  readonly desc?: number | bigint
  readonly avail?: number | bigint
  readonly used?: number | bigint
  readonly nextAvail?: number
  readonly vector?: number
  /** [descriptor, wrap counter] of the next available and the next used one. */
  readonly packed?: readonly [avail: readonly [number, number], used: readonly [number, number]]
}

/** What a written state of a virtio device consists of; every part has a default that makes a device of virtio 1.0 without a queue. */
export interface VirtioParts {
  /** The PCI device id; the device type is the second half of one of virtio 1.0. */
  readonly pciDevice?: number
  readonly subsystem?: number
  /** MSI-X vectors of the function. */
  readonly vectors?: number
  readonly configVector?: number
  readonly status?: number
  readonly features?: bigint
  readonly configBytes?: number
  readonly queues?: readonly WrittenQueue[]
  /** As the state says; the number of queues when not told. */
  readonly queueCount?: number
  /** What only this kind of device has. */
  readonly own?: Uint8Array
  /** The parts that end it: those of a device of virtio 1.0, or of one of before. */
  readonly ending?: 'modern' | 'legacy' | 'packed' | 'broken' | Uint8Array
}

const QUEUES = 1024
const part = (out: Bytes, name: string): Bytes => out.u8(5).name(name).u32(1)

/** The state as virtio_save writes it. */
export function virtioBytes(parts: VirtioParts = {}): Uint8Array {
  const { vectors = 0, status = 15, features = 1n << 32n, configBytes = 0, queues = [], ending = 'modern' } = parts
  const out = new Bytes().u32(2).raw(configSpace(parts)).raw(new Uint8Array(16))
  if (vectors > 0) out.raw(new Uint8Array(vectors * 16 + Math.ceil(vectors / 8)).fill(0xee)).u16(parts.configVector ?? 0xffff)
  out
    .u8(status)
    .u8(0)
    .u16(1)
    .u32(Number(features & 0xffffffffn))
    .u32(configBytes)
  out.raw(new Uint8Array(configBytes).fill(0xdd)).u32(parts.queueCount ?? queues.length)
  for (const { size = 256, desc = 0, nextAvail = 0, vector = 0xffff } of queues) {
    out.u32(size).u64(desc).u16(nextAvail)
    if (vectors > 0) out.u16(vector)
  }
  out.raw(parts.own ?? new Uint8Array(0))
  if (ending === 'legacy') return part(out, 'virtio/started').u8(1).done()
  return (typeof ending === 'string' ? modernParts(out, queues, features, ending) : out.raw(ending)).done()
}

function configSpace({ pciDevice = 0x1042, subsystem = 0, vectors = 0, ending = 'modern' }: VirtioParts): Uint8Array {
  const space = new Uint8Array(256)
  space.set([0xf4, 0x1a, pciDevice & 0xff, pciDevice >>> 8])
  space[0x2e] = subsystem
  space[0x06] = 0x10
  space[0x34] = 0x40
  // The capability that says where the registers of virtio 1.0 are.
  space.set([ending === 'legacy' ? 0x01 : 0x09, vectors > 0 ? 0x50 : 0], 0x40)
  if (vectors > 0) space.set([0x11, 0, (vectors - 1) & 0xff, (vectors - 1) >>> 8], 0x50)
  return space
}

function modernParts(out: Bytes, queues: readonly WrittenQueue[], features: bigint, ending: string): Bytes {
  part(out, 'virtio/64bit_features').u64(features)
  part(out, 'virtio/virtqueues')
  for (let i = 0; i < QUEUES; i++) out.u64(queues[i]?.avail ?? 0).u64(queues[i]?.used ?? 0)
  if (ending === 'broken') part(out, 'virtio/broken').u8(1)
  part(out, 'virtio/extra_state')
  part(out, 'virtio_pci/modern_state').raw(new Uint8Array(16 + QUEUES * 28))
  part(out, 'virtio/started').u8(1)
  if (ending !== 'packed') return out
  part(out, 'virtio/packed_virtqueues')
  for (let i = 0; i < QUEUES; i++) {
    const [avail, used] = queues[i]?.packed ?? [
      [0, 1],
      [0, 1],
    ]
    out.u16(avail[0]).u8(avail[1]).u16(used[0]).u8(used[1]).u32(0)
  }
  return out
}
