import { describe, expect, it } from 'vitest'
import { bytesSource, openSavedMachine, type SavedMachine } from '../index.ts'
import { openFixture } from '../testing/fixtures.ts'
import { Bytes, type WrittenBlock, type WrittenDevice, writeStream } from '../testing/stream-writer.ts'

const MIB = 2 ** 20
const RAM = 0x4000_0000
const PLUGGED = 0x8000_0000
const TABLES = { name: '/rom@etc/acpi/tables', bytes: 0x2000 }

interface Affinity {
  readonly base: number
  readonly bytes: number
  readonly flags: number
}

/** The ACPI table that tells where memory is, little-endian, with its length in its header. */
function srat(entries: readonly Affinity[]): Uint8Array {
  const page = new Uint8Array(4096)
  const view = new DataView(page.buffer)
  const start = 0x30
  page.set(new TextEncoder().encode('S SRAT'), start - 2)
  view.setUint32(start + 4, 48 + 18 + 40 * entries.length, true)
  page.set([3, 18], start + 48)
  entries.forEach(({ base, bytes, flags }, i) => {
    const at = start + 48 + 18 + 40 * i
    page.set([1, 40], at)
    view.setBigUint64(at + 8, BigInt(base), true)
    view.setBigUint64(at + 16, BigInt(bytes), true)
    view.setUint32(at + 28, flags, true)
  })
  return page
}

interface Parts {
  readonly machine?: string
  readonly blocks: readonly WrittenBlock[]
  readonly affinity?: readonly Affinity[]
  readonly devices?: readonly WrittenDevice[]
}

async function open({ blocks, affinity, ...parts }: Parts): Promise<SavedMachine> {
  const records = affinity === undefined ? [] : [{ block: TABLES.name, page: 0, contents: srat(affinity) }]
  return openSavedMachine(bytesSource(writeStream({ ...parts, blocks: [...blocks, TABLES], sections: [records] })))
}

/** The first page of each block, filled with its number: tells where a block came to be. */
async function places(parts: Parts): Promise<Record<string, number>> {
  const { blocks, affinity = [], ...rest } = parts
  const marks = blocks.map(({ name }, i) => ({ block: name, page: 0, contents: new Uint8Array(4096).fill(i + 1) }))
  const tables = affinity.length === 0 ? [] : [{ block: TABLES.name, page: 0, contents: srat(affinity) }]
  const stream = writeStream({ ...rest, blocks: [...blocks, TABLES], sections: [[...tables, ...marks]] })
  const machine = await openSavedMachine(bytesSource(stream))
  const memory = machine.memory()
  const found: Record<string, number> = {}
  for (const { base, bytes } of machine.ranges) {
    for (let at = base; at < base + bytes; at = (at + MIB) as typeof at) {
      await machine.load(memory, [{ base: at, bytes: 8 }])
      const mark = memory.u32(at) & 0xff
      if (mark > 0) found[blocks[mark - 1]!.name] = at
    }
  }
  return found
}

const block = (name: string, mib: number): WrittenBlock => ({ name, bytes: mib * MIB })
const node = (base: number, mib: number): Affinity => ({ base, bytes: mib * MIB, flags: 1 })
const pluggable: Affinity = { base: PLUGGED, bytes: 4096 * MIB, flags: 3 }

/** The section that tells where a virtio-mem device of machine version 8.0 and later has its memory. */
function virtioMem(path: string, base: number, mib: number): WrittenDevice {
  const fields = [
    { name: 'tmp', type: 'tmp', size: 28 },
    { name: 'size', type: 'uint64', size: 8 },
  ]
  const state = new Bytes()
    .u64(base)
    .u64(mib * MIB)
    .u64(2 * MIB)
    .u32(0)
    .u64(mib * MIB)
  return { name: `${path}/virtio-mem-device-early`, description: { fields }, state: state.done() }
}

/** A virtio-mem device that tells it itself: two queues, no MSI-X, a configuration of 56 bytes. */
function oldVirtioMem(path: string, base: number, mib: number): WrittenDevice {
  const state = new Bytes()
    .raw(new Uint8Array(4 + 256 + 16))
    .u32(0)
    .u32(0)
    .u32(56)
    .raw(new Uint8Array(56))
    .u32(2)
  for (let queue = 0; queue < 2; queue++) state.u32(128).u64(0).u16(0)
  state
    .u64(base)
    .u64(mib * MIB)
    .u64(2 * MIB)
    .u32(0)
  const fields = [{ name: 'virtio', type: 'virtio', size: state.length }]
  return { name: `${path}/virtio-mem`, description: { fields }, state: state.done() }
}

describe('the RAM that a machine was started with', () => {
  it.each<[string, Parts, Record<string, number>]>([
    ['one block of any name', { blocks: [block('memory', 2)] }, { memory: RAM }],
    ['a backend named by its path', { machine: 'virt-2.12', blocks: [block('/objects/memory', 2)] }, { '/objects/memory': RAM }],
    ['nodes by their numbers', { blocks: [block('m1', 1), block('m0', 1)] }, { m0: RAM, m1: RAM + MIB }],
    ['nodes of one size as they were made', { blocks: [block('b', 1), block('a', 1)] }, { b: RAM, a: RAM + MIB }],
    [
      'nodes of two sizes as the ACPI tables have them',
      { blocks: [block('b', 2), block('a', 1)], affinity: [node(RAM, 1), node(RAM + MIB, 2)] },
      { a: RAM, b: RAM + MIB },
    ],
    [
      'one block that several nodes share',
      { blocks: [block('memory', 3), block('d', 1)], affinity: [node(RAM, 1), node(RAM + MIB, 2), pluggable] },
      { memory: RAM, d: PLUGGED },
    ],
  ])('is %s', async (_, parts, expected) => {
    expect(await places(parts)).toEqual(expected)
  })

  it('is refused when nothing tells which node is which', async () => {
    const blocks = [block('b', 2), block('a', 1)]
    await expect(open({ blocks })).rejects.toThrow('memory backends that tell their NUMA node')
    await expect(open({ blocks, affinity: [node(RAM, 1), node(RAM + MIB, 3)] })).rejects.toThrow('tell their NUMA node')
  })
})

describe('memory that was plugged', () => {
  const ram = block('mach-virt.ram', 1)
  const path = '0000:00:09.0'
  it.each<[string, Parts, Record<string, number>]>([
    [
      'where its virtio-mem device says',
      { blocks: [block(`${path}/vm`, 4), ram], devices: [virtioMem(path, 0x9000_0000, 4)] },
      { 'mach-virt.ram': RAM, [`${path}/vm`]: 0x9000_0000 },
    ],
    [
      'where an older virtio-mem device says',
      { blocks: [block(`${path}/vm`, 4), ram], devices: [oldVirtioMem(path, 0x9000_0000, 4)] },
      { 'mach-virt.ram': RAM, [`${path}/vm`]: 0x9000_0000 },
    ],
    [
      'where the ACPI tables have an NVDIMM',
      {
        blocks: [block('n', 4), block('d', 2), ram],
        affinity: [node(RAM, 1), { base: PLUGGED + 2 * MIB, bytes: 4 * MIB, flags: 5 }, pluggable],
      },
      { 'mach-virt.ram': RAM, n: PLUGGED + 2 * MIB, d: PLUGGED },
    ],
    ['at the next GiB when it is alone', { blocks: [block('d', 4), ram] }, { 'mach-virt.ram': RAM, d: PLUGGED }],
  ])('is %s', async (_, parts, expected) => {
    expect(await places(parts)).toEqual(expected)
    expect((await open(parts)).unlocated).toEqual([])
  })

  it.each<[string, Parts, { base: number; bytes: number }[]]>([
    [
      'two DIMMs',
      { blocks: [block('d1', 4), block('d0', 2), ram], affinity: [node(RAM, 1), pluggable] },
      [{ base: PLUGGED, bytes: 4096 * MIB }],
    ],
    [
      'a DIMM that does not fit before a virtio-mem device',
      { blocks: [block(`${path}/vm`, 4), block('d', 2), ram], devices: [virtioMem(path, PLUGGED, 4)] },
      [{ base: PLUGGED + 4 * MIB, bytes: 2 ** 48 - PLUGGED - 4 * MIB }],
    ],
    [
      'a virtio-mem device of another size',
      { blocks: [block(`${path}/vm`, 4), ram], devices: [virtioMem(path, PLUGGED, 2)] },
      [{ base: PLUGGED, bytes: 2 ** 48 - PLUGGED }],
    ],
  ])('may be anywhere among what can be plugged: %s', async (_, parts, expected) => {
    const { unlocated, ranges } = await open(parts)
    expect(unlocated).toEqual(expected)
    expect(ranges[0]).toEqual({ base: RAM, bytes: MIB })
  })

  it('is refused inside of other RAM', async () => {
    const devices = [virtioMem(path, RAM, 4)]
    await expect(open({ blocks: [block(`${path}/vm`, 4), ram], devices })).rejects.toThrow('apart from each other')
  })
})

describe('the RAM of a real VM', () => {
  it.each([
    [
      'mem-vmem-s1',
      [
        { base: RAM, bytes: 128 * MIB },
        { base: PLUGGED, bytes: 256 * MIB },
      ],
    ],
    ['mem-numa2-s1', [{ base: RAM, bytes: 128 * MIB }]],
  ])('is what its guest saw: %s', async (name, ranges) => {
    expect((await openFixture(name)).ranges).toEqual(ranges)
  })
})
