/** What a queue is for. */
export interface QueueRole {
  /** `request queue 0`. */
  readonly name: string
  /** The driver fills it with empty buffers: those that the device has not taken yet are no work that waits. */
  readonly supply?: true
  /**
   * Who takes all used buffers out in Linux whenever it is told of one, and then asks to be told of the next: the interrupt's handler itself, or a
   * thread that it wakes. While no vCPU runs, none is left. Not so where a program or another queue decides when they are taken out, or a
   * closed device leaves them where they are.
   */
  readonly emptied?: 'handler' | 'thread'
  /** A program decides when used buffers are taken out: they tell of no interrupt that was lost. */
  readonly kept?: true
}

/** The queues of a kind of device; `count`: how many it has. Undefined beyond those that are known. */
type RoleOf = (index: number, count: number) => QueueRole | undefined

interface Kind {
  /** The device type of the virtio specification. */
  readonly type: number
  readonly role: RoleOf
}

const at =
  (...roles: readonly QueueRole[]): RoleOf =>
  (index) =>
    roles[index]

/** `first` and then request queues, numbered from 0. */
const requestsAfter =
  (emptied: 'handler' | 'thread', ...first: readonly QueueRole[]): RoleOf =>
  (index) =>
    first[index] ?? { name: `request queue ${index - first.length}`, emptied }

const request: QueueRole = { name: 'request queue', emptied: 'handler' }
const event: QueueRole = { name: 'event queue', supply: true, emptied: 'handler' }

/** Pairs, and behind them the control queue. */
const netRole: RoleOf = (index, count) => {
  if (index % 2 === 1) return { name: `transmit queue ${(index - 1) / 2}` }
  return index === count - 1 ? { name: 'control queue' } : { name: `receive queue ${index / 2}`, supply: true }
}

/** The second pair is for control; the others are one for each port. */
const consoleRole: RoleOf = (index) => {
  const pair = Math.floor(index / 2)
  const of = pair === 1 ? 'control' : `port ${pair === 0 ? 0 : pair - 1}`
  return index % 2 === 0
    ? { name: `${of} receive queue`, supply: true, kept: true }
    : { name: `${of} transmit queue`, kept: true }
}

const cryptoRole: RoleOf = (index, count) => ({ name: index === count - 1 ? 'control queue' : `data queue ${index}` })

/**
 * The kinds of virtio devices and their queues.
 *
 * @source Virtual I/O Device 1.3, "Device Types"; for `emptied` Linux drivers/block/virtio_blk.c, virtblk_done; drivers/scsi/virtio_scsi.c,
 * virtscsi_vq_done; fs/fuse/virtio_fs.c, virtio_fs_requests_done_work; net/9p/trans_virtio.c, req_done; drivers/char/hw_random/virtio-rng.c,
 * random_recv_done; drivers/virtio/virtio_input.c, virtinput_recv_events; drivers/nvdimm/nd_virtio.c, virtio_pmem_host_ack
 */
export const virtioKinds = {
  net: { type: 1, role: netRole },
  blk: { type: 2, role: requestsAfter('handler') },
  console: { type: 3, role: consoleRole },
  rng: { type: 4, role: at(request) },
  balloon: {
    type: 5,
    role: at({ name: 'inflate queue' }, { name: 'deflate queue' }, { name: 'statistics queue', supply: true }),
  },
  scsi: { type: 8, role: requestsAfter('handler', { name: 'control queue', emptied: 'handler' }, event) },
  '9p': { type: 9, role: at(request) },
  gpu: { type: 16, role: at({ name: 'control queue', emptied: 'thread' }, { name: 'cursor queue', emptied: 'thread' }) },
  input: { type: 18, role: at(event, { name: 'status queue' }) },
  vsock: {
    type: 19,
    role: at({ name: 'receive queue', supply: true }, { name: 'transmit queue' }, { name: 'event queue', supply: true }),
  },
  crypto: { type: 20, role: cryptoRole },
  iommu: { type: 23, role: at({ name: 'request queue' }, { name: 'event queue', supply: true }) },
  mem: { type: 24, role: at({ name: 'request queue' }) },
  sound: {
    type: 25,
    role: at(
      { name: 'control queue' },
      { name: 'event queue', supply: true },
      { name: 'transmit queue' },
      { name: 'receive queue', supply: true },
    ),
  },
  fs: { type: 26, role: requestsAfter('thread', { name: 'high priority queue', emptied: 'thread' }) },
  pmem: { type: 27, role: at(request) },
} as const satisfies Record<string, Kind>

export type VirtioKind = keyof typeof virtioKinds

/** The names of all kinds. */
export const virtioKindNames = Object.keys(virtioKinds) as readonly VirtioKind[]

/** The kind with that device type. */
export const virtioKind = (type: number): VirtioKind | undefined =>
  virtioKindNames.find((name) => virtioKinds[name].type === type)

/** What the queue at `index` of `count` is for. */
export function queueRole(kind: VirtioKind | undefined, index: number, count: number): QueueRole {
  const known = kind === undefined ? undefined : virtioKinds[kind].role(index, count)
  return known ?? { name: `queue ${index}`, kept: true }
}
