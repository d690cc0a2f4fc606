import { array, bool, extended, option, type SerdeType, seq, str, struct, u32, u64, variants } from './serde-type.ts'

const chunks = <const T extends SerdeType>(of: T) => struct({ chunks: seq(of) })

/** @source Firecracker src/vmm/src/arch/aarch64/gic/regs.rs, GicState; gicv3/regs/its_regs.rs, ItsRegisterState */
const gic = struct({
  dist: seq(chunks(u32)),
  gic_vcpu_states: seq(
    struct({
      rdist: seq(chunks(u32)),
      icc: struct({ main_icc_regs: seq(chunks(u64)), ap_icc_regs: seq(option(chunks(u64))) }),
    }),
  ),
  /** None on a host with a GICv2. */
  its_state: option(struct({ iidr: u64, cbaser: u64, creadr: u64, cwriter: u64, baser: array(u64, 8), ctlr: u64 })),
})

export const header = struct({ magic: u64, version: str })

export const hugePages = {
  upTo1_16: variants({ None: null, Hugetlbfs2M: null }),
  main: variants({ None: null, Transparent: null, Hugetlbfs2M: null }),
} as const

/** Since 1.14 a region has slots, of which some may be unplugged. */
const wholeRegion = struct({ base_address: u64, size: u64 })
export const region = {
  whole: wholeRegion,
  slotted: extended(wholeRegion, { region_type: variants({ Dram: null, Hotpluggable: null }), plugged: seq(bool) }),
} as const

/**
 * What stands first in a state: all that a restore of the GIC needs.
 *
 * @source Firecracker src/vmm/src/snapshot/mod.rs, Snapshot; src/vmm/src/persist.rs, MicrovmState
 */
export const beginning = <const H extends SerdeType, const R extends SerdeType>(huge_pages: H, of: R) =>
  struct({
    header,
    vm_info: struct({
      mem_size_mib: u64,
      smt: bool,
      cpu_template: variants({ V1N1: null, None: null }),
      boot_source: struct({ kernel_image_path: str, initrd_path: option(str), boot_args: option(str) }),
      huge_pages,
    }),
    kvm_state: struct({ kvm_cap_modifiers: seq(str) }),
    memory: struct({ regions: seq(of) }),
    gic,
  })
