/** Firecracker reads no state that is larger. @source Firecracker src/vmm/src/snapshot/mod.rs, SNAPSHOT_DESERIALIZATION_BYTES_LIMIT */
export const STATE_MOST = 10_000_000
/** Values of one state: a VM of 32 vCPUs with hundreds of devices has a fraction of it. */
export const VALUES_MOST = 1 << 21
/** The trees of address ranges are balanced, and no deeper. @source rust-vmm vm-allocator src/allocation_engine/interval_tree.rs */
export const NESTED_MOST = 50
