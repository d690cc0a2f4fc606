import { Bytes } from './stream-writer.ts'

const CLUSTER_BITS = 9
const CLUSTER = 1 << CLUSTER_BITS
const L2_ENTRIES = CLUSTER / 8

/**
 * A qcow2 image of an empty disk with 512-byte clusters and one internal snapshot, whose VM state is `state`. Clusters of
 * zeros are not allocated, and the others lie in reverse order.
 */
export function writeQcow2(state: Uint8Array, diskBytes = CLUSTER * L2_ENTRIES): Uint8Array {
  const clusters = Math.ceil(state.length / CLUSTER)
  const l2Tables = Math.ceil(clusters / L2_ENTRIES)
  const firstL1 = Math.ceil(diskBytes / (CLUSTER * L2_ENTRIES))
  const l1Clusters = Math.ceil((firstL1 + l2Tables) / L2_ENTRIES)
  const [snapshotsAt, l1At] = [CLUSTER, CLUSTER * 2]
  const l2At = l1At + l1Clusters * CLUSTER
  const dataAt = l2At + l2Tables * CLUSTER
  const image = new Uint8Array(dataAt + clusters * CLUSTER)
  image.set(header(diskBytes, snapshotsAt))
  image.set(snapshot(l1At, firstL1 + l2Tables, state.length, diskBytes), snapshotsAt)
  const view = new DataView(image.buffer)
  for (let i = 0; i < l2Tables; i++) view.setBigUint64(l1At + (firstL1 + i) * 8, BigInt(l2At + i * CLUSTER) | (1n << 63n))
  for (let i = 0; i < clusters; i++) {
    const contents = state.subarray(i * CLUSTER, (i + 1) * CLUSTER)
    if (contents.every((byte) => byte === 0)) continue
    const offset = dataAt + (clusters - 1 - i) * CLUSTER
    image.set(contents, offset)
    view.setBigUint64(l2At + i * 8, BigInt(offset) | (1n << 63n))
  }
  return image
}

function header(diskBytes: number, snapshotsAt: number): Uint8Array {
  const out = new Bytes().text('QFI\xfb').u32(3).u64(0).u32(0).u32(CLUSTER_BITS).u64(diskBytes)
  out.u32(0).u32(0).u64(0).u64(0).u32(0).u32(1).u64(snapshotsAt)
  return out.u64(0).u64(0).u64(0).u32(4).u32(104).done()
}

function snapshot(l1At: number, l1Entries: number, stateBytes: number, diskBytes: number): Uint8Array {
  const out = new Bytes().u64(l1At).u32(l1Entries).u16(1).u16(5)
  out.u32(1_700_000_000).u32(0).u64(0).u32(stateBytes).u32(24)
  return out.u64(stateBytes).u64(diskBytes).u64(0).text('1').text('saved').done()
}
