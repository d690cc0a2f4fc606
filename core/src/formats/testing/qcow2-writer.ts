import { Bytes } from './stream-writer.ts'

const CLUSTER_BITS = 9
const CLUSTER = 1 << CLUSTER_BITS
const L2_ENTRIES = CLUSTER / 8

const SPAN = CLUSTER * L2_ENTRIES
const [SNAPSHOTS_AT, L1_AT] = [CLUSTER, CLUSTER * 2]

/**
 * A qcow2 image of an empty disk with 512-byte clusters and one internal snapshot, whose VM state is `state`. Clusters of
 * zeros are not allocated, and the others lie in reverse order.
 */
export function writeQcow2(state: Uint8Array, diskBytes = SPAN): Uint8Array {
  const firstL1 = Math.ceil(diskBytes / SPAN)
  const l1Entries = firstL1 + Math.ceil(state.length / SPAN)
  const image = mapped(state, firstL1, l1Entries)
  image.set(header({ diskBytes, snapshots: 1 }))
  image.set(snapshot(L1_AT, l1Entries, state.length, diskBytes), SNAPSHOTS_AT)
  return image
}

/** A qcow2 image without snapshots whose disk begins with `contents`, as Proxmox has the VM state in one. */
export function writeQcow2Disk(contents: Uint8Array, diskBytes: number, backing = 0): Uint8Array {
  const l1Entries = Math.ceil(diskBytes / SPAN)
  const image = mapped(contents, 0, l1Entries)
  image.set(header({ diskBytes, l1Entries, backing }))
  return image
}

/** L1, L2 and clusters, behind room for a header and a snapshot. */
function mapped(contents: Uint8Array, firstL1: number, l1Entries: number): Uint8Array {
  const clusters = Math.ceil(contents.length / CLUSTER)
  const l2Tables = Math.ceil(clusters / L2_ENTRIES)
  const l2At = L1_AT + Math.ceil(l1Entries / L2_ENTRIES) * CLUSTER
  const dataAt = l2At + l2Tables * CLUSTER
  const image = new Uint8Array(dataAt + clusters * CLUSTER)
  const view = new DataView(image.buffer)
  for (let i = 0; i < l2Tables; i++) view.setBigUint64(L1_AT + (firstL1 + i) * 8, BigInt(l2At + i * CLUSTER) | (1n << 63n))
  for (let i = 0; i < clusters; i++) {
    const piece = contents.subarray(i * CLUSTER, (i + 1) * CLUSTER)
    if (piece.every((byte) => byte === 0)) continue
    const offset = dataAt + (clusters - 1 - i) * CLUSTER
    image.set(piece, offset)
    view.setBigUint64(l2At + i * 8, BigInt(offset) | (1n << 63n))
  }
  return image
}

function header({ diskBytes = 0, l1Entries = 0, snapshots = 0, backing = 0 }): Uint8Array {
  const out = new Bytes().text('QFI\xfb').u32(3).u64(backing).u32(0).u32(CLUSTER_BITS).u64(diskBytes)
  out
    .u32(0)
    .u32(l1Entries)
    .u64(l1Entries === 0 ? 0 : L1_AT)
    .u64(0)
    .u32(0)
    .u32(snapshots)
  out.u64(snapshots === 0 ? 0 : SNAPSHOTS_AT)
  return out.u64(0).u64(0).u64(0).u32(4).u32(104).done()
}

function snapshot(l1At: number, l1Entries: number, stateBytes: number, diskBytes: number): Uint8Array {
  const out = new Bytes().u64(l1At).u32(l1Entries).u16(1).u16(5)
  out.u32(1_700_000_000).u32(0).u64(0).u32(stateBytes).u32(24)
  return out.u64(stateBytes).u64(diskBytes).u64(0).text('1').text('saved').done()
}
