import { type ByteSource, readExactly, storedBytes } from './byte-source.ts'
import { FormatError, printable } from './format-error.ts'
import type { Container } from './origin.ts'
import { latin1 } from './stream-reader.ts'

export const QCOW2_MAGIC = 'QFI\xfb'
const QEMU_MAGIC = 'QEVM'
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

/** Bytes of an image that are mapped by one of its L1 tables. */
interface Mapped {
  readonly l1Offset: number
  readonly l1Entries: number
  /** The entry that they begin with. */
  readonly firstL1: number
  readonly bytes: number
}

/** The VM state inside a qcow2 image. */
export interface VmState {
  readonly container: Container
  readonly source: ByteSource
}

/**
 * Finds the newest internal snapshot with a VM state (`savevm`) in a qcow2 image. The state is stored through the snapshot's
 * own L1 table, behind the end of the disk. Where there is none the disk may be a volume that holds the state itself, as Proxmox has it.
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
  const clusterBytes = 2 ** clusterBits
  if (newest === undefined) return { container: { kind: 'qcow2-disk' }, source: await diskState(source, view, clusterBytes) }
  const { l1Offset, l1Entries, stateBytes: bytes, diskBytes } = newest
  if (bytes > source.byteLength) throw new FormatError(l1Offset, 'a VM state inside the image', `one of ${bytes} bytes`)
  const mapped = { l1Offset, l1Entries, firstL1: Math.ceil(diskBytes / tableSpan(clusterBytes)), bytes }
  return { container: { kind: 'qcow2', snapshot: newest.name }, source: mappedSource(source, mapped, clusterBytes) }
}

/** The disk of an image, if a QEMU stream begins there. */
async function diskState(image: ByteSource, header: DataView, clusterBytes: number): Promise<ByteSource> {
  const none = (found: string) => new FormatError(60, 'an internal snapshot with a VM state, or a VM state as the disk', found)
  const bytes = u64(header, 24)
  const mapped = { l1Offset: u64(header, 40), l1Entries: header.getUint32(36), firstL1: 0, bytes }
  const tables = Math.ceil(bytes / tableSpan(clusterBytes))
  if (bytes < QEMU_MAGIC.length || bytes > Number.MAX_SAFE_INTEGER || tables > mapped.l1Entries) throw none('neither')
  const source = mappedSource(image, mapped, clusterBytes)
  const start = await source.slice(0, QEMU_MAGIC.length).catch((error: unknown) => {
    if (error instanceof FormatError) throw none(`no snapshot, and of the disk ${error.found}`)
    throw error
  })
  if (latin1(start) !== QEMU_MAGIC) throw none('neither')
  if (u64(header, 8) !== 0) throw new FormatError(8, 'a disk that is whole in its image', 'a backing file')
  return source
}

const tableSpan = (clusterBytes: number): number => (clusterBytes / 8) * clusterBytes

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

/** Clusters of an image, one after the other. Of the tables that say where they are a few are held at a time. */
function mappedSource(image: ByteSource, mapped: Mapped, clusterBytes: number): ByteSource {
  const clusters = new ClusterPlaces(image, mapped, clusterBytes)
  return {
    byteLength: mapped.bytes,
    storedBytes: Math.min(mapped.bytes, storedBytes(image)),
    slice: async (start, end, scratch) => {
      const bytes = scratch?.subarray(0, end - start) ?? new Uint8Array(end - start)
      for (let at = start; at < end; ) {
        const inside = at % clusterBytes
        const first = Math.floor(at / clusterBytes)
        const offset = await clusters.place(first)
        let next = first + 1
        const follows = (place: number) => place === (offset === 0 ? 0 : offset + (next - first) * clusterBytes)
        while (next * clusterBytes < end && follows(await clusters.place(next))) next++
        const length = Math.min(end, next * clusterBytes) - at
        const into = bytes.subarray(at - start, at - start + length)
        if (offset === 0) into.fill(0)
        else into.set(await readExactly(image, offset + inside, length, 'a cluster of the VM state'))
        at += length
      }
      return bytes
    },
  }
}

/** Tables that are held at a time: each is of as many clusters as a cluster has entries, 512 MiB of them with 64 KiB. */
const HELD_TABLES = 8

/** Where each cluster is in the image. */
class ClusterPlaces {
  readonly #image: ByteSource
  readonly #l1Offset: number
  /** The entry of L1 that the first cluster is under. */
  readonly #firstL1: number
  readonly #clusterBytes: number
  /** L2 tables by their number, the one read last at the end; undefined for one that is not there. */
  readonly #tables = new Map<number, Table | undefined>()

  /** @throws FormatError when the tables are too short. */
  constructor(image: ByteSource, { l1Offset, l1Entries, firstL1, bytes }: Mapped, clusterBytes: number) {
    this.#image = image
    this.#l1Offset = l1Offset
    this.#clusterBytes = clusterBytes
    this.#firstL1 = firstL1
    const needed = firstL1 + Math.ceil(bytes / tableSpan(clusterBytes))
    if (needed > l1Entries) throw new FormatError(l1Offset, `an L1 table of ${needed} entries`, `${l1Entries}`)
  }

  /** 0 for a cluster that reads as zeros. */
  async place(cluster: number): Promise<number> {
    const entries = this.#clusterBytes / 8
    const number = Math.floor(cluster / entries)
    const table = this.#tables.has(number) ? this.#tables.get(number) : await this.#read(number)
    return table === undefined ? 0 : entryOf(table, cluster % entries)
  }

  async #read(number: number): Promise<Table | undefined> {
    const offset = this.#l1Offset + (this.#firstL1 + number) * 8
    const l2 = entryOf({ offset, bytes: await readExactly(this.#image, offset, 8, 'an L1 entry') }, 0)
    const table =
      l2 === 0
        ? undefined
        : { offset: l2, bytes: (await readExactly(this.#image, l2, this.#clusterBytes, 'an L2 table')).slice() }
    for (const oldest of this.#tables.keys()) if (this.#tables.size >= HELD_TABLES) this.#tables.delete(oldest)
    this.#tables.set(number, table)
    return table
  }
}

interface Table {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** The offset in an entry of L1 or L2; those of L2 may say that the cluster reads as zeros. */
function entryOf({ offset, bytes }: Table, index: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + index * 8, 8)
  const [high, low] = [view.getUint32(0), view.getUint32(4)]
  if ((high & COMPRESSED) !== 0)
    throw new FormatError(offset + index * 8, 'clusters that are not compressed', 'one that is compressed')
  return (low & 1) === 1 ? 0 : (high & OFFSET_HIGH) * 2 ** 32 + ((low & OFFSET_LOW) >>> 0)
}

function u64(view: DataView, at: number): number {
  return view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4)
}

function hexOf(value: number): string {
  return `features 0x${value.toString(16)}`
}
