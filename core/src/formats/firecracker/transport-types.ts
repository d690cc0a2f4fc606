import {
  array,
  bool,
  bytes,
  extended,
  option,
  type SerdeType,
  seq,
  str,
  struct,
  u8,
  u16,
  u32,
  u64,
  variants,
} from './serde-type.ts'

const mmds = struct({ version: variants({ V1: null, V2: null }), imds_compat: bool })

export const mmioInfo = struct({ addr: u64, len: u64, gsi: option(u32) })
const mmioTransport = struct({
  features_select: u32,
  acked_features_select: u32,
  queue_select: u32,
  device_status: u32,
  config_generation: u32,
  interrupt_status: u32,
})

/** @source Firecracker src/vmm/src/device_manager/persist.rs, VirtioDeviceState */
const onMmio = <const S extends SerdeType>(device_state: S) =>
  struct({ device_id: str, device_state, transport_state: mmioTransport, device_info: mmioInfo })

/** `sbdf`: called pci_device_bdf up to 1.15. @source Firecracker src/vmm/src/device_manager/pci_mngr.rs, VirtioDeviceState */
const onPci = <const T extends SerdeType, const S extends SerdeType>(transport_state: T, device_state: S) =>
  struct({ device_id: str, sbdf: u32, device_state, transport_state })

interface States1_13 {
  readonly block: SerdeType
  readonly net: SerdeType
  readonly vsock: SerdeType
  readonly balloon: SerdeType
  readonly entropy: SerdeType
}
interface States1_14 extends States1_13 {
  readonly pmem: SerdeType
  readonly memory: SerdeType
}

const devicesOnMmio = <const S extends States1_13>(states: S) =>
  struct({
    block_devices: seq(onMmio(states.block as S['block'])),
    net_devices: seq(onMmio(states.net as S['net'])),
    vsock_device: option(onMmio(states.vsock as S['vsock'])),
    balloon_device: option(onMmio(states.balloon as S['balloon'])),
    mmds: option(mmds),
    entropy_device: option(onMmio(states.entropy as S['entropy'])),
  })
const devicesOnMmio1_14 = <const S extends States1_14>(states: S) =>
  extended(devicesOnMmio(states), {
    pmem_devices: seq(onMmio(states.pmem as S['pmem'])),
    memory_device: option(onMmio(states.memory as S['memory'])),
  })

const devicesOnPci = <const T extends SerdeType, const S extends States1_13>(transport: T, states: S) =>
  struct({
    block_devices: seq(onPci(transport, states.block as S['block'])),
    net_devices: seq(onPci(transport, states.net as S['net'])),
    vsock_device: option(onPci(transport, states.vsock as S['vsock'])),
    balloon_device: option(onPci(transport, states.balloon as S['balloon'])),
    mmds: option(mmds),
    entropy_device: option(onPci(transport, states.entropy as S['entropy'])),
  })
const devicesOnPci1_14 = <const T extends SerdeType, const S extends States1_14>(transport: T, states: S) =>
  extended(devicesOnPci(transport, states), {
    pmem_devices: seq(onPci(transport, states.pmem as S['pmem'])),
    memory_device: option(onPci(transport, states.memory as S['memory'])),
  })

/** @source Firecracker src/vmm/src/pci/msix.rs, MsixConfigState */
const msixState = struct({
  table_entries: seq(struct({ msg_addr_lo: u32, msg_addr_hi: u32, msg_data: u32, vector_ctl: u32 })),
  pba_entries: seq(u64),
  masked: bool,
  enabled: bool,
})
const msixStateSince1_14 = extended(msixState, { vectors: seq(u32) })

/** @source Firecracker src/vmm/src/devices/virtio/transport/pci/common_config.rs, VirtioPciCommonConfigState */
const pciDevState = struct({
  driver_status: u8,
  config_generation: u8,
  device_feature_select: u32,
  driver_feature_select: u32,
  queue_select: u16,
  msix_config: u16,
  msix_queues: seq(u16),
})

/** @source Firecracker src/vmm/src/pci/configuration.rs, PciConfigurationState */
const registers = { registers: seq(u32), writable_bits: seq(u32) } as const
const capabilities = { last_capability: option(array(u64, 2)), msix_cap_reg_idx: option(u64) } as const
const bar = { addr: u32, size: u32, used: bool } as const
const barRegion = variants({ Memory32BitRegion: null, IoRegion: null, Memory64BitRegion: null })
const barPrefetchable = variants({ NotPrefetchable: null, Prefetchable: null })
const bars = struct({ bars: array(struct({ encoded_addr: u32, encoded_size: u32, about_to_be_read: bool }), 6) })

const transportUpTo1_15 = <const C extends SerdeType, const M extends SerdeType>(configuration: C, msix_state: M) =>
  struct({
    /** As text: 0000:00:01.0. */
    pci_device_bdf: str,
    device_activated: bool,
    cap_pci_cfg_offset: u64,
    cap_pci_cfg: bytes,
    pci_configuration_state: configuration,
    pci_dev_state: pciDevState,
    msix_state,
  })

const transportOf1_13 = extended(
  transportUpTo1_15(
    struct({
      ...registers,
      bars: seq(struct({ ...bar, type: option(barRegion) })),
      rom_bar_addr: u32,
      rom_bar_size: u32,
      rom_bar_used: bool,
      ...capabilities,
    }),
    msixState,
  ),
  {
    msi_vector_group: seq(u32),
    bar_configuration: struct({ addr: u64, size: u64, idx: u64, region_type: barRegion, prefetchable: barPrefetchable }),
  },
)
const transportOf1_14 = extended(
  transportUpTo1_15(struct({ ...registers, bars: seq(struct(bar)), ...capabilities }), msixStateSince1_14),
  { bar_address: u64 },
)
const transportOf1_16 = struct({
  sbdf: u32,
  device_activated: bool,
  cap_pci_cfg_offset: u16,
  cap_pci_cfg: bytes,
  pci_configuration_state: struct({ ...registers, last_capability: option(array(u8, 2)) }),
  pci_dev_state: pciDevState,
  msix_state: msixStateSince1_14,
  bars,
  msix_config_cap_offset: u16,
})
const transportOfMain = extended(transportOf1_16, { bar_address: u64 })

export { devicesOnMmio, devicesOnMmio1_14, devicesOnPci, devicesOnPci1_14 }
export const pciTransport = {
  '1.13': transportOf1_13,
  '1.14': transportOf1_14,
  '1.16': transportOf1_16,
  main: transportOfMain,
} as const
