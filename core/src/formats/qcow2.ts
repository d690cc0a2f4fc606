import { type ByteSource, readExactly } from './byte-source.ts'
import { FormatError, printable } from './format-error.ts'
import { latin1 } from './stream-reader.ts'

export const QCOW2_MAGIC = 'QFI\xfb'
const HEADER_BYTES = 104
const SNAPSHOT_BYTES = 40
const MOST_SNAPSHOTS = 65536
/** Incompatible features that do not change where the VM state lies: dirty, corrupt, another compression. */
const HARMLESS_FEATURES = 0b1011
const COMPRESSED = 0x40000000
const OFFSET_HIGH = 0x00ffffff
const OFFSET_LOW = 0xfffffe00

interface Snapshot {
  readonly name: string
  readonly seconds: number
  readonly l1Offset: number
  readonly l1Entries: number
  readonly stateBytes: number
  readonly diskBytes: number
}

/** The VM state inside a qcow2 image. */
export interface VmState {
  readonly snapshot: string
  readonly source: ByteSource
}

/**
 * Finds the newest internal snapshot with a VM state (`savevm`) in a qcow2 image. The state is stored through the snapshot's
 * own L1 table, behind the end of the disk.
 *
 * @source QEMU docs/interop/qcow2.txt, "Snapshots" and "Cluster mapping"
 */
export async function vmStateOf(source: ByteSource): Promise<VmState> {
  const header = await readExactly(source, 0, Math.min(HEADER_BYTES, Math.max(72, source.byteLength)), 'a qcow2 header')
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  const version = view.getUint32(4)
  if (version !== 2 && version !== 3) throw new FormatError(4, 'version 2 or 3 of qcow2', `${version}`)
  if (version === 3 && header.length >= 80 && (view.getUint32(76) & ~HARMLESS_FEATURES) !== 0) {
    throw new FormatError(72, 'a qcow2 image without data file and subclusters', hexOf(view.getUint32(76)))
  }
  const clusterBits = view.getUint32(20)
  if (clusterBits < 9 || clusterBits > 21) throw new FormatError(20, '9 to 21 cluster bits', `${clusterBits}`)
  const snapshots = await readSnapshots(source, u64(view, 64), view.getUint32(60))
  const [newest] = snapshots.filter(({ stateBytes }) => stateBytes > 0).sort((a, b) => b.seconds - a.seconds)
  if (newest === undefined) throw new FormatError(60, 'an internal snapshot with a VM state', 'none')
  const clusters = await clusterOffsets(source, newest, clusterBits)
  return { snapshot: newest.name, source: clusterSource(source, clusters, 2 ** clusterBits, newest.stateBytes) }
}

async function readSnapshots(source: ByteSource, start: number, count: number): Promise<Snapshot[]> {
  if (count > MOST_SNAPSHOTS) throw new FormatError(60, `at most ${MOST_SNAPSHOTS} snapshots`, `${count}`)
  const snapshots: Snapshot[] = []
  for (let at = start; snapshots.length < count; ) {
    const fixed = await readExactly(source, at, SNAPSHOT_BYTES, 'a snapshot')
    const view = new DataView(fixed.buffer, fixed.byteOffset, SNAPSHOT_BYTES)
    const [idBytes, nameBytes, extraBytes] = [view.getUint16(12), view.getUint16(14), view.getUint32(36)]
    if (extraBytes < 16 || extraBytes > 1024) throw new FormatError(at + 36, '16 to 1024 bytes of extra data', `${extraBytes}`)
    const rest = await readExactly(source, at + SNAPSHOT_BYTES, extraBytes + idBytes + nameBytes, 'a snapshot')
    const extra = new DataView(rest.buffer, rest.byteOffset, rest.byteLength)
    snapshots.push({
      name: printable(latin1(rest.subarray(extraBytes + idBytes))),
      seconds: view.getUint32(16),
      l1Offset: u64(view, 0),
      l1Entries: view.getUint32(8),
      stateBytes: u64(extra, 0),
      diskBytes: u64(extra, 8),
    })
    at += Math.ceil((SNAPSHOT_BYTES + rest.length) / 8) * 8
  }
  return snapshots
}

/** The place of every cluster of the VM state; 0 for one that reads as zeros. */
async function clusterOffsets(source: ByteSource, snapshot: Snapshot, clusterBits: number): Promise<Float64Array> {
  const { l1Offset, l1Entries, stateBytes, diskBytes } = snapshot
  const clusterBytes = 2 ** clusterBits
  const l2Entries = clusterBytes / 8
  if (stateBytes > source.byteLength) throw new FormatError(l1Offset, 'a VM state inside the image', `one of ${stateBytes} bytes`)
  const clusters = new Float64Array(Math.ceil(stateBytes / clusterBytes))
  const firstL1 = Math.ceil(diskBytes / (clusterBytes * l2Entries))
  for (let first = 0, l1 = firstL1; first < clusters.length; first += l2Entries, l1++) {
    if (l1 >= l1Entries) throw new FormatError(l1Offset, `an L1 table of more than ${l1} entries`, `${l1Entries}`)
    const [l2Offset] = entries(await readExactly(source, l1Offset + l1 * 8, 8, 'an L1 entry'), l1Offset + l1 * 8)
    if (l2Offset === 0) continue
    const l2 = entries(await readExactly(source, l2Offset!, clusterBytes, 'an L2 table'), l2Offset!)
    clusters.set(l2.slice(0, clusters.length - first), first)
  }
  return clusters
}

/** The offsets in L1 or L2 entries; those of L2 may say that the cluster reads as zeros. */
function entries(bytes: Uint8Array, offset: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / 8 }, (_, i) => {
    const [high, low] = [view.getUint32(i * 8), view.getUint32(i * 8 + 4)]
    if ((high & COMPRESSED) !== 0) throw new FormatError(offset + i * 8, 'clusters that are not compressed', 'one that is')
    return (low & 1) === 1 ? 0 : (high & OFFSET_HIGH) * 2 ** 32 + ((low & OFFSET_LOW) >>> 0)
  })
}

/** The clusters, one after the other. */
function clusterSource(image: ByteSource, clusters: Float64Array, clusterBytes: number, byteLength: number): ByteSource {
  return {
    byteLength,
    slice: async (start, end) => {
      const bytes = new Uint8Array(end - start)
      for (let at = start; at < end; ) {
        const first = Math.floor(at / clusterBytes)
        const inside = at % clusterBytes
        let last = first
        while ((last + 1) * clusterBytes < end && clusters[last + 1] === clusters[last]! + clusterBytes && clusters[last] !== 0)
          last++
        const length = Math.min(end, (last + 1) * clusterBytes) - at
        const offset = clusters[first]!
        if (offset !== 0) bytes.set(await readExactly(image, offset + inside, length, 'a cluster of the VM state'), at - start)
        at += length
      }
      return bytes
    },
  }
}

function u64(view: DataView, at: number): number {
  return view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4)
}

function hexOf(value: number): string {
  return `features 0x${value.toString(16)}`
}
