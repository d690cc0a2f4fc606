import { FIRST_LPI, type SavedVcpu, type VcpuActivity, vcpuActivities } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { VIRTIO_F, type VirtioDevice, type VirtioKind, type Virtqueue } from '../../virtio/index.ts'
import { LPI_CONFIGURATION, PlantedVm, pciFunction, RAM } from './planted-vm.ts'

const RINGS = RAM + 0xa_0000
export const PENDING = RAM + 0x7_0000

/** What differs from a disk whose first request queue is owed an interrupt, with every vCPU waiting. */
export interface Owing {
  readonly kind?: VirtioKind
  /** Which of its queues. */
  readonly queue?: number
  readonly queues?: number
  /** Indices of a split ring. */
  readonly used?: number
  readonly usedEvent?: number
  readonly avail?: number
  readonly nextAvail?: number
  readonly eventIdx?: boolean
  readonly status?: number
  /** What the vCPUs did; with `!` those that have an active priority, with `.` those that have none. */
  readonly vcpus?: readonly `${VcpuActivity}${'' | '!' | '.'}`[]
  /** Configuration byte of its LPI. */
  readonly configuration?: number
  readonly isPending?: boolean
  readonly masked?: boolean
  readonly savedAfterGic?: true
}

const SIZE = 256
export const OWED_DEVICE = 8
export const OWED_LPI = 8193
const nameOf = (kind: VirtioKind = 'blk'): string => `0000:00:01.0/virtio-${kind}`

/** Device 8 with events 0 and 1; event 1, LPI 8193 on vCPU 1, is of the queue. */
export const mapped = (): PlantedVm =>
  new PlantedVm()
    .map(OWED_DEVICE, { 0: [8192, 0], 1: [OWED_LPI, 1] })
    .map(16, { 0: [8194, 0] })
    .save()

/** A VM whose guest Linux waits for an interrupt of a virtio queue that was lost, or as the options have it. */
export function owing(options: Owing = {}, vm = mapped()): PlantedVm {
  const { kind = 'blk', queue: index = 0, queues = Math.max(2, index + 1), vcpus = ['waiting', 'waiting'] } = options
  const { used = 1002, usedEvent = 1001, avail = used, nextAvail = avail } = options
  const at = RINGS + index * 0x4000
  const place = { kind: 'ram', desc: at as Gpa, avail: (at + 0x1000) as Gpa, used: (at + 0x2000) as Gpa } as const
  write16(vm, place.avail + 2, avail)
  write16(vm, place.avail + 4 + 2 * SIZE, usedEvent)
  write16(vm, place.used + 2, used)
  write16(vm, place.used + 4 + 8 * SIZE, avail)
  vm.memory.fill(LPI_CONFIGURATION as Gpa, 8, 0xa1)
  vm.memory.setU8((LPI_CONFIGURATION + OWED_LPI - FIRST_LPI) as Gpa, options.configuration ?? 0xa1)
  if (options.isPending) vm.memory.setU8((PENDING + 0x1_0000 + Math.floor(OWED_LPI / 8)) as Gpa, 1 << (OWED_LPI % 8))
  const unset = (n: number): Virtqueue => ({
    index: n,
    size: SIZE,
    vector: undefined,
    place: { kind: 'unset' },
    nextAvail: 0,
    offset: 0,
  })
  const all = Array.from({ length: queues }, (_, n) => unset(n))
  all[index] = { index, size: SIZE, vector: 1, place, nextAvail, offset: 0 }
  const features = (options.eventIdx ?? true) ? 1n << BigInt(VIRTIO_F.eventIdx) : 0n
  const name = nameOf(kind)
  const device: VirtioDevice = {
    name,
    deviceId: OWED_DEVICE,
    kind,
    status: options.status ?? 15,
    features,
    ...(options.savedAfterGic && { savedAfterGic: true }),
    configVector: 0,
    queues: all,
    offset: 0,
  }
  const part = pciFunction(OWED_DEVICE, [0, 1])
  const vectors = part.vectors.map((vector) => ({ ...vector, masked: options.masked ?? false }))
  vm.more = { ...vm.more, msi: [{ ...part, name, vectors }, pciFunction(16, [0])], virtio: [device], vcpus: vcpus.map(savedVcpu) }
  return vm
}

export function write16(vm: PlantedVm, at: number, value: number): void {
  vm.memory.setU8(at as Gpa, value & 0xff)
  vm.memory.setU8((at + 1) as Gpa, value >>> 8)
}

function savedVcpu(told: string): SavedVcpu {
  const did = vcpuActivities.find((word) => told.startsWith(word))!
  return told === did ? { did } : { did, isHandling: told.endsWith('!') }
}
