import type { FirecrackerRelease } from '../origin.ts'
import { devices } from './device-types.ts'
import { beginning, hugePages, region } from './gic-types.ts'
import {
  array,
  bool,
  boxed,
  bytes,
  extended,
  type Fields,
  option,
  type SerdeType,
  seq,
  struct,
  u8,
  u16,
  u32,
  u64,
  variants,
} from './serde-type.ts'
import { devicesOnMmio, devicesOnMmio1_14, devicesOnPci, devicesOnPci1_14, mmioInfo, pciTransport } from './transport-types.ts'

/** @source rust-vmm vm-allocator 0.1.4 src/address_allocator.rs, src/allocation_engine/interval_tree.rs, src/id_allocator.rs */
const range = struct({ start: u64, end: u64 })
const interval: ReturnType<typeof boxed> = boxed(() =>
  struct({
    key: range,
    node_state: variants({ Free: null, Allocated: null }),
    left: option(interval),
    right: option(interval),
    height: u64,
  }),
)
const addresses = struct({ address_space: range, interval_tree: struct({ root: option(interval) }) })
const numbers = struct({ range_base: u32, next_id: option(u32), range_end: u32, freed_ids: seq(u32) })

/** @source Firecracker src/vmm/src/vstate/resources.rs, ResourceAllocator */
const allocatorOf1_13 = struct({
  gsi_legacy_allocator: numbers,
  gsi_msi_allocator: numbers,
  mmio32_memory: addresses,
  mmio64_memory: addresses,
  system_memory: addresses,
})
const allocatorOfMain = struct({
  mmio32_memory: addresses,
  mmio64_memory: addresses,
  past_mmio64_memory: addresses,
  system_memory: addresses,
})
const allocatorOf1_14 = struct({ gsi_legacy_allocator: numbers, gsi_msi_allocator: numbers, ...allocatorOfMain.fields })

/** @source Firecracker src/vmm/src/arch/aarch64/vcpu.rs, VcpuState; regs.rs, Aarch64RegisterVec */
const vcpuStates = seq(
  struct({
    mp_state: bytes,
    /** The numbers of registers, and their values one after the other. */
    regs: struct({ ids: seq(u64), data: bytes }),
    mpidr: u64,
    kvi: bytes,
    pvtime_ipa: option(u64),
  }),
)

const legacyDevices = seq(
  struct({ type_: variants({ Virtio: u32, Serial: null, Rtc: null, BootTimer: null }), device_info: mmioInfo }),
)

const vmgenid = struct({ gsi: u32, addr: u64 })
/** @source Firecracker src/vmm/src/devices/acpi/generated/vmclock_abi.rs */
const vmclock = struct({
  guest_address: u64,
  gsi: u32,
  inner: struct({
    magic: u32,
    size: u32,
    version: u16,
    counter_id: u8,
    time_type: u8,
    seq_count: u32,
    disruption_marker: u64,
    flags: u64,
    pad: array(u8, 2),
    clock_status: u8,
    leap_second_smearing_hint: u8,
    tai_offset_sec: u16,
    leap_indicator: u8,
    counter_period_shift: u8,
    counter_value: u64,
    counter_period_frac_sec: u64,
    counter_period_esterror_rate_frac_sec: u64,
    counter_period_maxerror_rate_frac_sec: u64,
    time_sec: u64,
    time_frac_sec: u64,
    time_esterror_nanosec: u64,
    time_maxerror_nanosec: u64,
    vm_generation_counter: u64,
  }),
})
const acpi = struct({ vmgenid, vmclock })
const serial = struct({
  baud_divisor_low: u8,
  baud_divisor_high: u8,
  interrupt_enable: u8,
  interrupt_identification: u8,
  line_control: u8,
  line_status: u8,
  modem_control: u8,
  modem_status: u8,
  scratch: u8,
  in_buffer: bytes,
})

/** Up to 1.16 both buses are written, and which of them it was. */
const legacy = struct({ legacy_devices: legacyDevices })
const wasPci = struct({ pci_enabled: bool })

const deviceStates = {
  '1.13': struct({
    mmio_state: extended(legacy, devicesOnMmio(devices['1.13']).fields),
    acpi_state: struct({ vmgenid: option(vmgenid) }),
    pci_state: extended(wasPci, devicesOnPci(pciTransport['1.13'], devices['1.13']).fields),
  }),
  '1.14': struct({
    mmio_state: extended(legacy, devicesOnMmio1_14(devices['1.14']).fields),
    acpi_state: struct({ vmgenid }),
    pci_state: extended(wasPci, devicesOnPci1_14(pciTransport['1.14'], devices['1.14']).fields),
  }),
  '1.15': struct({
    mmio_state: extended(legacy, devicesOnMmio1_14(devices['1.15']).fields),
    acpi_state: acpi,
    pci_state: extended(wasPci, devicesOnPci1_14(pciTransport['1.14'], devices['1.15']).fields),
  }),
  '1.16': struct({
    mmio_state: extended(legacy, devicesOnMmio1_14(devices['1.16']).fields),
    acpi_state: acpi,
    pci_state: extended(wasPci, devicesOnPci1_14(pciTransport['1.16'], devices['1.16']).fields),
    serial_state: option(serial),
  }),
  main: struct({
    virtio_state: variants({
      Mmio: devicesOnMmio1_14(devices.main),
      Pci: devicesOnPci1_14(pciTransport.main, devices.main),
    }),
    mmio_platform_state: struct({ serial: option(mmioInfo), rtc: option(mmioInfo) }),
    acpi_state: acpi,
    serial_state: option(serial),
  }),
} as const

/** What stands first in a state, and the whole of it. */
const layout = <
  const V extends string,
  const E extends 'bincode' | 'bitcode',
  const F extends Fields,
  const A extends SerdeType,
  const D extends SerdeType,
>(
  version: V,
  encoding: E,
  first: { readonly kind: 'struct'; readonly fields: F },
  resource_allocator: A,
  device_states: D,
) => ({ version, encoding, first, whole: extended(first, { resource_allocator, vcpu_states: vcpuStates, device_states }) })

const old = beginning(hugePages.upTo1_16, region.slotted)

/** How each Firecracker writes its state: by its releases, `main` what is to be 1.17. */
export const vmstateLayouts = {
  '1.13': layout('8.0', 'bincode', beginning(hugePages.upTo1_16, region.whole), allocatorOf1_13, deviceStates['1.13']),
  '1.14': layout('8.0', 'bincode', old, allocatorOf1_14, deviceStates['1.14']),
  '1.15': layout('9.0', 'bitcode', old, allocatorOf1_14, deviceStates['1.15']),
  '1.16': layout('10.0', 'bitcode', old, allocatorOf1_14, deviceStates['1.16']),
  main: layout('11.0', 'bitcode', beginning(hugePages.main, region.slotted), allocatorOfMain, deviceStates.main),
} as const satisfies Record<FirecrackerRelease, unknown>
