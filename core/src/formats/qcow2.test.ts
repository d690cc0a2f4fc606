import { describe, expect, it } from 'vitest'
import { type ByteSource, bytesSource, FormatError } from './index.ts'
import { vmStateOf } from './qcow2.ts'
import { writeQcow2Disk } from './testing/qcow2-writer.ts'
import { Bytes } from './testing/stream-writer.ts'

const CLUSTER = 512
const L1 = 0x400
const L2 = 0x800
const SNAPSHOTS = 0x1000
/** Clusters of the image begin here; each is filled with its number. */
const DATA = 0x4000
const IMAGE_BYTES = 0x2_0000
const COMPRESSED = 1n << 62n
const USED = 1n << 63n
const ZEROS = 1n

interface Shape {
  readonly version?: number
  readonly features?: number
  readonly clusterBits?: number
  /** The entries of the L2 tables, one after the other; 64 of them are a table. */
  readonly entries?: readonly bigint[]
  readonly stateBytes?: number
  readonly diskBytes?: number
  readonly l1Entries?: number
  readonly snapshots?: readonly Uint8Array[]
}

interface SnapshotShape {
  readonly name?: string
  readonly seconds?: number
  readonly stateBytes?: number
  readonly diskBytes?: number
  readonly l1Entries?: number
  readonly extra?: number
}

const at = (cluster: number) => BigInt(DATA + cluster * CLUSTER) | USED

function snapshot({ name = 'saved', seconds = 5, stateBytes = CLUSTER, extra = 24, ...shape }: SnapshotShape = {}): Uint8Array {
  const { diskBytes = 0, l1Entries = 8 } = shape
  const out = new Bytes().u64(L1).u32(l1Entries).u16(2).u16(name.length).u32(seconds).u32(0).u64(0).u32(0).u32(extra)
  out.u64(stateBytes).u64(diskBytes).raw(new Uint8Array(extra).fill(0x7a, 16)).text('11').text(name)
  const whole = out.done()
  const bytes = new Uint8Array(Math.ceil((40 + extra + 2 + name.length) / 8) * 8)
  bytes.set(whole.subarray(0, 56))
  bytes.set(whole.subarray(72), 56)
  return bytes
}

/** An image with clusters of 512 bytes and the VM state of snapshots that share their tables. */
function image({ version = 3, features = 0, clusterBits = 9, entries = [at(0)], ...shape }: Shape = {}): Uint8Array {
  const { stateBytes = entries.length * CLUSTER, diskBytes = 0, l1Entries = 8 } = shape
  const { snapshots = [snapshot({ stateBytes, diskBytes, l1Entries })] } = shape
  const bytes = new Uint8Array(IMAGE_BYTES)
  for (let offset = DATA; offset < bytes.length; offset++) bytes[offset] = (offset - DATA) / CLUSTER
  const header = new Bytes().text('QFI\xfb').u32(version).u64(0).u32(0).u32(clusterBits).u64(diskBytes).u32(0).u32(0)
  header.u64(0).u64(0).u32(0).u32(snapshots.length).u64(SNAPSHOTS).u32(0).u32(features)
  bytes.set(header.done())
  bytes.set(Buffer.concat(snapshots), SNAPSHOTS)
  const view = new DataView(bytes.buffer)
  const first = Math.ceil(diskBytes / (CLUSTER * 64))
  for (let table = 0; table * 64 < entries.length; table++) {
    view.setBigUint64(L1 + (first + table) * 8, BigInt(L2 + table * CLUSTER) | USED)
  }
  for (const [i, entry] of entries.entries()) view.setBigUint64(L2 + i * 8, entry)
  return bytes
}

const stateOf = (bytes: Uint8Array) => vmStateOf(bytesSource(bytes))

/** The number of the cluster that each cluster of the VM state is; 0 where it is zeros. */
async function clusters(bytes: Uint8Array): Promise<number[]> {
  const { source } = await stateOf(bytes)
  const whole = await source.slice(0, source.byteLength)
  return Array.from({ length: Math.ceil(whole.length / CLUSTER) }, (_, i) => {
    const cluster = whole.subarray(i * CLUSTER, (i + 1) * CLUSTER)
    expect(cluster.every((byte) => byte === cluster[0])).toBe(true)
    return cluster[0]!
  })
}

describe('the VM state in a qcow2 image', () => {
  it.each<[string, Shape, number[]]>([
    ['in clusters in any order', { entries: [at(7), at(3), at(4), at(9)] }, [7, 3, 4, 9]],
    ['with clusters that have no place', { entries: [at(7), 0n, at(3), 0n] }, [7, 0, 3, 0]],
    ['with clusters that read as zeros for all their place', { entries: [at(7), at(8) | ZEROS] }, [7, 0]],
    [
      'in a whole L2 table',
      { entries: Array.from({ length: 64 }, (_, i) => at(i + 1)), l1Entries: 1 },
      Array.from({ length: 64 }, (_, i) => i + 1),
    ],
    [
      'in several L2 tables',
      { entries: Array.from({ length: 100 }, (_, i) => at(i + 1)), l1Entries: 2 },
      Array.from({ length: 100 }, (_, i) => i + 1),
    ],
    ['behind the end of a disk', { entries: [at(7), at(5)], diskBytes: CLUSTER * 64 + 1, l1Entries: 3 }, [7, 5]],
    ['where a table has no place', { entries: [], stateBytes: 2 * CLUSTER }, [0, 0]],
    ['as long as the image', { entries: [at(3)], stateBytes: IMAGE_BYTES }, [3, ...new Array(255).fill(0)]],
    ['of a version without features', { version: 2, features: 4, entries: [at(6)] }, [6]],
    ['of an image that is dirty, corrupt and says how it is compressed', { features: 0b1011, entries: [at(6)] }, [6]],
  ])('is read %s', async (_, shape, expected) => {
    expect(await clusters(image(shape))).toEqual(expected)
  })

  it('may have clusters of 2 MiB', async () => {
    const bytes = new Uint8Array(5 << 20)
    bytes.set(image({ clusterBits: 21, entries: [], stateBytes: 100 }).subarray(0, DATA))
    const view = new DataView(bytes.buffer)
    view.setBigUint64(L1, BigInt(DATA) | USED)
    view.setBigUint64(DATA, BigInt(DATA + (2 << 20)) | USED)
    bytes.fill(9, DATA + (2 << 20))
    expect(await clusters(bytes)).toEqual([9])
  })

  it('may have its first cluster right behind a cluster of zeros', async () => {
    const bytes = image({ entries: [0n, BigInt(CLUSTER) | USED], snapshots: [snapshot({ stateBytes: 2 * CLUSTER })] })
    bytes.fill(5, CLUSTER, L1)
    expect(await clusters(bytes)).toEqual([0, 5])
  })

  it('is read from any byte to any other, with one read for clusters side by side', async () => {
    const reads: number[][] = []
    const bytes = image({ entries: [at(1), at(2), at(3), at(5), 0n, at(7)] })
    const source: ByteSource = {
      byteLength: bytes.length,
      slice: async (start, end) => {
        reads.push([start - DATA, end - DATA])
        return bytes.subarray(start, end)
      },
    }
    const state = (await vmStateOf(source)).source
    await state.slice(0, 1)
    reads.length = 0
    const [from, to] = [100, 5 * CLUSTER + 9]
    const expected = new Uint8Array(6 * CLUSTER)
    for (const [i, number] of [1, 2, 3, 5, 0, 7].entries()) expected.fill(number, i * CLUSTER, (i + 1) * CLUSTER)
    expect(await state.slice(from, to)).toEqual(expected.subarray(from, to))
    expect(reads).toEqual([
      [CLUSTER + 100, 4 * CLUSTER],
      [5 * CLUSTER, 6 * CLUSTER],
      [7 * CLUSTER, 7 * CLUSTER + 9],
    ])
  })
})

describe('the clusters of a VM state', () => {
  it('are refused where one is compressed', async () => {
    const refused = clusters(image({ entries: [at(1), at(2), at(3) | COMPRESSED] }))
    await expect(refused).rejects.toThrow(FormatError)
    await expect(refused).rejects.toMatchObject({ offset: L2 + 16, found: 'one that is compressed' })
  })

  it('are refused where a table of them is', async () => {
    const bytes = image({ entries: new Array(65).fill(at(0)), snapshots: [snapshot({ l1Entries: 2, stateBytes: 65 * CLUSTER })] })
    new DataView(bytes.buffer).setBigUint64(L1 + 8, COMPRESSED | BigInt(L2))
    await expect(clusters(bytes)).rejects.toMatchObject({ offset: L1 + 8, found: 'one that is compressed' })
  })

  it('take no memory until they are read, and then that of a few tables: a TiB of them that is mostly holes', async () => {
    const TIB = 2 ** 40
    const bytes = image({ entries: [at(1), at(2)], snapshots: [snapshot({ l1Entries: 2 ** 26, stateBytes: TIB })] })
    const asked: number[] = []
    const source: ByteSource = {
      byteLength: TIB,
      storedBytes: bytes.length,
      slice: async (start, end) => {
        asked.push(end - start)
        const piece = new Uint8Array(end - start)
        piece.set(bytes.subarray(start, end))
        return piece
      },
    }
    const state = (await vmStateOf(source)).source
    expect([state.byteLength, state.storedBytes]).toEqual([TIB, bytes.length])
    expect([...(await state.slice(CLUSTER - 1, CLUSTER + 1))]).toEqual([1, 2])
    for (const start of [TIB / 2, TIB - 2 ** 20]) {
      expect((await state.slice(start, start + 2 ** 20)).every((byte) => byte === 0)).toBe(true)
    }
    expect(Math.max(...asked)).toBeLessThanOrEqual(CLUSTER)
  })
})

describe('the snapshots of a qcow2 image', () => {
  it('are searched for the newest one that has a VM state', async () => {
    const snapshots = [
      snapshot({ name: 'old', seconds: 5 }),
      snapshot({ name: 'newest\n', seconds: 9, extra: 16 }),
      snapshot({ name: 'without', seconds: 12, stateBytes: 0 }),
      snapshot({ name: 'older', seconds: 3, extra: 1024 }),
    ]
    expect((await stateOf(image({ snapshots }))).container).toEqual({ kind: 'qcow2', snapshot: 'newest.' })
    expect((await stateOf(image({ snapshots: [...snapshots].reverse() }))).container).toEqual({
      kind: 'qcow2',
      snapshot: 'newest.',
    })
    expect((await stateOf(image({ snapshots: [snapshots[3]!] }))).container).toEqual({ kind: 'qcow2', snapshot: 'older' })
  })

  it.each<[string, Shape, number, string]>([
    ['another version', { version: 4 }, 4, 'found 4'],
    ['an unknown feature', { features: 0b10000 }, 72, 'found features 0x10'],
    ['clusters of 256 bytes', { clusterBits: 8 }, 20, '9 to 21 cluster bits, found 8'],
    ['clusters of 4 MiB', { clusterBits: 22 }, 20, '9 to 21 cluster bits, found 22'],
    ['none that has a VM state', { snapshots: [snapshot({ stateBytes: 0 })] }, 60, 'found neither'],
    ['too little about the second', { snapshots: [snapshot(), snapshot({ extra: 15 })] }, SNAPSHOTS + 72 + 36, 'found 15'],
    ['too much about one', { snapshots: [snapshot({ extra: 1025 })] }, SNAPSHOTS + 36, 'found 1025'],
    ['a VM state larger than the image', { stateBytes: IMAGE_BYTES + 1 }, L1, 'a VM state inside the image'],
    [
      'an L1 table that ends too early',
      { entries: new Array(65).fill(at(0)), l1Entries: 1 },
      L1,
      'an L1 table of 2 entries, found 1',
    ],
  ])('are refused with %s', async (_, shape, offset, message) => {
    const refused = stateOf(image(shape))
    await expect(refused).rejects.toThrow(FormatError)
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toMatchObject({ offset })
  })

  it.each([
    [65536, 'expected a snapshot, found the end of the file'],
    [65537, 'expected at most 65536 snapshots, found 65537'],
  ])('are at most 65536: %s', async (count, message) => {
    const bytes = image()
    const view = new DataView(bytes.buffer)
    view.setUint32(60, count)
    view.setBigUint64(64, BigInt(IMAGE_BYTES))
    await expect(stateOf(bytes)).rejects.toThrow(message)
  })

  it.each([
    [71, 'a qcow2 header'],
    [79, 'a snapshot'],
    [80, 'without data file'],
  ])('cannot be told of the first %s bytes', async (bytes, message) => {
    await expect(stateOf(image({ features: 4 }).subarray(0, bytes))).rejects.toThrow(message)
  })
})

describe('the disk of a qcow2 image without a VM state', () => {
  const stream = new Bytes()
    .text('QEVM')
    .raw(Uint8Array.from({ length: 3000 }, (_, i) => i))
    .done()
  const DISK = 1 << 20
  const compressed = (bytes: Uint8Array) => {
    const view = new DataView(bytes.buffer)
    const l2 = Number(view.getBigUint64(2 * CLUSTER) & 0xff_ffff_ffffn)
    view.setBigUint64(l2, COMPRESSED | 0x1000n)
    return bytes
  }

  it('is the VM state where a stream begins there, with zeros to its end', async () => {
    const { container, source } = await stateOf(writeQcow2Disk(stream, DISK))
    expect([container, source.byteLength]).toEqual([{ kind: 'qcow2-disk' }, DISK])
    const expected = new Uint8Array(DISK)
    expected.set(stream)
    expect(Buffer.compare(await source.slice(0, DISK), expected)).toBe(0)
  })

  it.each([
    ['it begins with something else', writeQcow2Disk(stream.subarray(1), DISK), 'a VM state as the disk, found neither'],
    ['it is empty', writeQcow2Disk(new Uint8Array(9), DISK), 'found neither'],
    ['it has no byte', writeQcow2Disk(stream, 0), 'found neither'],
    ['its table is too short', writeQcow2Disk(stream, DISK).fill(0, 36, 40), 'found neither'],
    ['it begins compressed', compressed(writeQcow2Disk(stream, DISK)), 'no snapshot, and of the disk one that is compressed'],
    ['the rest of it is elsewhere', writeQcow2Disk(stream, DISK, 512), 'whole in its image, found a backing file'],
  ])('is refused where %s', async (_, bytes, message) => {
    await expect(stateOf(bytes)).rejects.toThrow(FormatError)
    await expect(stateOf(bytes)).rejects.toThrow(message)
  })
})
