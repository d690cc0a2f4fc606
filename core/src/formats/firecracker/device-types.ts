import { array, bool, bytes, option, type SerdeType, seq, str, struct, u8, u16, u32, u64, variants } from './serde-type.ts'

const tokenBucket = struct({ size: u64, one_time_burst: u64, refill_time: u64, budget: u64, elapsed_ns: u64 })
const tokenBucketConfig = struct({ size: u64, one_time_burst: option(u64), refill_time: u64 })
const rateLimiter = struct({ ops: option(tokenBucket), bandwidth: option(tokenBucket) })

const queue = struct({
  max_size: u16,
  size: u16,
  ready: bool,
  desc_table: u64,
  avail_ring: u64,
  used_ring: u64,
  next_avail: u16,
  next_used: u16,
  num_added: u16,
})

/** What every virtio device saves. @source Firecracker src/vmm/src/devices/virtio/persist.rs, VirtioDeviceState */
const virtio = <const T extends SerdeType>(device_type: T) =>
  struct({ device_type, avail_features: u64, acked_features: u64, queues: seq(queue), activated: bool })

/** A number up to 1.14. */
const virtioState = {
  upTo1_14: virtio(u32),
  since1_15: virtio(variants({ Net: null, Block: null, Rng: null, Balloon: null, Vsock: null, Mem: null, Pmem: null })),
} as const

const cacheType = variants({ Unsafe: null, Writeback: null })

/** @source Firecracker src/vmm/src/devices/virtio/block/persist.rs, BlockState */
const block = <const V extends SerdeType>(virtio_state: V) =>
  variants({
    Virtio: struct({
      id: str,
      partuuid: option(str),
      cache_type: cacheType,
      root_device: bool,
      disk_path: str,
      virtio_state,
      rate_limiter_state: rateLimiter,
      file_engine_type: variants({ Sync: null, Async: null }),
    }),
    VhostUser: struct({
      id: str,
      partuuid: option(str),
      cache_type: cacheType,
      root_device: bool,
      socket_path: str,
      vu_acked_protocol_features: u64,
      config_space: bytes,
      virtio_state,
    }),
  })

/** @source Firecracker src/vmm/src/devices/virtio/net/persist.rs, NetState */
const net = <const V extends SerdeType, const C extends SerdeType>(virtio_state: V, config_space: C) =>
  struct({
    id: str,
    tap_if_name: str,
    rx_rate_limiter_state: rateLimiter,
    tx_rate_limiter_state: rateLimiter,
    mmds_ns: option(struct({ mac_addr: array(u8, 6), ipv4_addr: u32, tcp_port: u16 })),
    config_space,
    virtio_state,
  })

/** A MAC address is written as text. */
const netConfig = {
  upTo1_15: struct({ guest_mac: option(str) }),
  since1_16: struct({ guest_mac: option(str), mtu: option(u16) }),
} as const

const vsock = <const B extends SerdeType, const F extends SerdeType>(backend: B, frontend: F) => struct({ backend, frontend })

const vsockBackend = {
  upTo1_14: variants({ Uds: struct({ path: str }) }),
  since1_15: struct({ uds_path: str, local_port_last: u32 }),
} as const

/** Counters of what a guest's memory does, none or u64 each. */
const balloonStats = <const N extends string>(...names: readonly N[]) =>
  struct(
    Object.fromEntries(names.map((name) => [name, option(u64)])) as { readonly [K in N]: ReturnType<typeof option<typeof u64>> },
  )

const statsUpTo1_13 = [
  'swap_in',
  'swap_out',
  'major_faults',
  'minor_faults',
  'free_memory',
  'total_memory',
  'available_memory',
  'disk_caches',
  'hugetlb_allocations',
  'hugetlb_failures',
] as const
const statsSince1_14 = ['oom_kill', 'alloc_stall', 'async_scan', 'direct_scan', 'async_reclaim', 'direct_reclaim'] as const

const balloonHead = { stats_polling_interval_s: u16, stats_desc_index: option(u16) } as const
const balloonConfig = struct({ num_pages: u32, actual_pages: u32 })
const hinting = struct({ host_cmd: u32, last_cmd_id: u32, guest_cmd: option(u32), acknowledge_on_finish: bool })

const balloonUpTo1_13 = struct({
  ...balloonHead,
  latest_stats: balloonStats(...statsUpTo1_13),
  config_space: balloonConfig,
  virtio_state: virtioState.upTo1_14,
})
const balloonSince1_14 = <const V extends SerdeType>(virtio_state: V) =>
  struct({
    ...balloonHead,
    latest_stats: balloonStats(...statsUpTo1_13, ...statsSince1_14),
    config_space: balloonConfig,
    hinting_state: hinting,
    virtio_state,
  })

const entropy = <const V extends SerdeType>(virtio_state: V) => struct({ virtio_state, rate_limiter_state: rateLimiter })

const pmemConfig = { id: str, path_on_host: str, root_device: bool, read_only: bool } as const
const pmemSpace = struct({ start: u64, size: u64 })
const pmemUpTo1_15 = <const V extends SerdeType>(virtio_state: V) =>
  struct({ virtio_state, config_space: pmemSpace, config: struct(pmemConfig) })
const pmemSince1_16 = <const V extends SerdeType>(virtio_state: V) =>
  struct({
    virtio_state,
    config_space: pmemSpace,
    config: struct({
      ...pmemConfig,
      rate_limiter: option(struct({ bandwidth: option(tokenBucketConfig), ops: option(tokenBucketConfig) })),
    }),
    rate_limiter_state: rateLimiter,
  })

/** @source Firecracker src/vmm/src/devices/virtio/mem/persist.rs, VirtioMemState */
const memory = <const V extends SerdeType>(virtio_state: V) =>
  struct({
    virtio_state,
    addr: u64,
    region_size: u64,
    block_size: u64,
    usable_region_size: u64,
    requested_size: u64,
    slot_size: u64,
    plugged_blocks: seq(bool),
  })

/** The state of each kind of device, version by version. */
const old = virtioState.upTo1_14
const now = virtioState.since1_15
const devicesOf1_13 = {
  block: block(old),
  net: net(old, netConfig.upTo1_15),
  vsock: vsock(vsockBackend.upTo1_14, struct({ cid: u64, virtio_state: old })),
  balloon: balloonUpTo1_13,
  entropy: entropy(old),
} as const
const devicesOf1_14 = { ...devicesOf1_13, balloon: balloonSince1_14(old), pmem: pmemUpTo1_15(old), memory: memory(old) } as const
const devicesOf1_15 = {
  block: block(now),
  net: net(now, netConfig.upTo1_15),
  vsock: vsock(vsockBackend.since1_15, struct({ cid: u64, virtio_state: now })),
  balloon: balloonSince1_14(now),
  entropy: entropy(now),
  pmem: pmemUpTo1_15(now),
  memory: memory(now),
} as const
const devicesOf1_16 = { ...devicesOf1_15, net: net(now, netConfig.since1_16), pmem: pmemSince1_16(now) } as const
const devicesOfMain = {
  ...devicesOf1_16,
  vsock: vsock(vsockBackend.since1_15, struct({ cid: u64, virtio_state: now, pending_event_ack: bool })),
} as const

export const devices = {
  '1.13': devicesOf1_13,
  '1.14': devicesOf1_14,
  '1.15': devicesOf1_15,
  '1.16': devicesOf1_16,
  main: devicesOfMain,
} as const
