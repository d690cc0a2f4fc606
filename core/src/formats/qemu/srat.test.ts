import { describe, expect, it } from 'vitest'
import { PAGE_BYTES } from '../../memory/index.ts'
import { bytesSource } from '../index.ts'
import { RECORD } from './page-index.ts'
import { RamBlock } from './ram-block.ts'
import { type MemoryAffinity, memoryAffinity } from './srat.ts'

const RAM = 0x4000_0000
const HEADER_BYTES = 48
const NAME = '/rom@etc/acpi/tables'
const ENABLED = 1
const HOT_PLUGGABLE = 3
const PERSISTENT = 5

/** A structure that tells of memory. */
function memory(base: number | bigint, bytes: number | bigint, flags = ENABLED): Uint8Array {
  const structure = new Uint8Array(40)
  structure.set([1, 40])
  const view = new DataView(structure.buffer)
  view.setBigUint64(8, BigInt(base), true)
  view.setBigUint64(16, BigInt(bytes), true)
  view.setUint32(28, flags, true)
  return structure
}

/** A System Resource Affinity Table; `longer` makes its length lie. */
function table(structures: readonly Uint8Array[], { signature = 'SRAT', longer = 0 } = {}): Uint8Array {
  const contents = Buffer.concat(structures)
  const bytes = new Uint8Array(HEADER_BYTES + contents.length)
  bytes.set(new TextEncoder().encode(signature))
  new DataView(bytes.buffer).setUint32(4, bytes.length + longer, true)
  bytes.set(contents, HEADER_BYTES)
  return bytes
}

/** Two pages of tables, `pieces` at their offsets, all of them in the file; what follows in the file is no table. */
async function read(pieces: Readonly<Record<number, Uint8Array>>): Promise<MemoryAffinity | undefined> {
  const file = new Uint8Array(8 * PAGE_BYTES).fill(0x11, 2 * PAGE_BYTES)
  for (const [at, piece] of Object.entries(pieces)) file.set(piece, Number(at))
  const mapped = { bitmap: Uint8Array.of(0xff), bitmapOffset: 0, pagesOffset: 0 }
  return memoryAffinity(bytesSource(file.slice()), new RamBlock(NAME, 2 * PAGE_BYTES, { bytes: 0 }, mapped))
}

const node = { base: RAM, bytes: 0x1000 }
const ofNode = { nodes: [node], persistent: [], pluggable: undefined }
const good = table([memory(RAM, 0x1000)])
const END = 2 * PAGE_BYTES

describe('the table that tells where memory is', () => {
  it('tells nodes, NVDIMMs and the region for what is plugged, and nothing of what is off', async () => {
    const structures = [
      memory(RAM, 0x1000),
      memory(0x1_0000_0000, 0x2000, PERSISTENT),
      memory(RAM + 0x1000, 0x3000),
      memory(0x8000_0000, 0x4000_0000, HOT_PLUGGABLE),
      memory(0x9000_0000, 0x1000, 0),
    ]
    expect(await read({ 48: table(structures) })).toEqual({
      nodes: [node, { base: RAM + 0x1000, bytes: 0x3000 }],
      persistent: [{ base: 0x1_0000_0000, bytes: 0x2000 }],
      pluggable: { base: 0x8000_0000, bytes: 0x4000_0000 },
    })
  })

  it.each([
    ['at the beginning', { 0: good }],
    ['in the second page', { [PAGE_BYTES + 8]: good }],
    ['across pages', { [PAGE_BYTES - 20]: good }],
    ['at the very end', { [END - good.length]: good }],
    ['behind another table', { 0: table([memory(0, 0x5000)], { signature: 'SLIT' }), 256: good }],
    ['behind one that is longer than the block', { 0: table([], { longer: END }), 256: good }],
    ['behind one whose structures have no length', { 0: table([new Uint8Array(8)]), 256: good }],
    ['behind one whose structures have the length of nothing', { 0: table([Uint8Array.of(5, 1, 5, 1)]), 256: good }],
    ['behind one whose last structure leaves it', { 0: table([memory(RAM, 0x9000), Uint8Array.of(1, 40)]), 256: good }],
    ['behind one that ends after a type', { 0: table([Uint8Array.of(1)]), 256: good }],
    ['before one that ends with its type', { 256: good, [END - 49]: table([Uint8Array.of(1)]) }],
    ['before a name at the end', { 256: good, [END - 4]: new TextEncoder().encode('SRAT') }],
  ])('is found %s', async (_, pieces) => {
    expect(await read(pieces)).toEqual(ofNode)
  })

  it.each([
    ['of two bytes', Uint8Array.of(1, 2)],
    ['of another length', Uint8Array.of(1, 38, ...memory(0x5000, 0x1000).subarray(2, 38))],
    ['of another type', Uint8Array.of(5, 40, ...memory(0x5000, 0x1000).subarray(2))],
    ['of no memory', memory(0x5000, 0)],
    ['of memory beyond 48 bits', memory(2n ** 48n - 0x1000n, 0x2000)],
  ])('may have structures %s, which say nothing here', async (_, structure) => {
    expect(await read({ 0: table([structure, memory(RAM, 0x1000)]) })).toEqual(ofNode)
  })

  it('may have memory up to 48 bits', async () => {
    const last = { base: 2 ** 48 - 0x1000, bytes: 0x1000 }
    expect((await read({ 0: table([memory(last.base, last.bytes)]) }))?.nodes).toEqual([last])
  })

  it('may tell of none, at the very end too', async () => {
    expect(await read({ [END - HEADER_BYTES]: table([]) })).toEqual({ nodes: [], persistent: [], pluggable: undefined })
  })

  it.each([
    ['its name alone', new TextEncoder().encode('SRAT')],
    ['its header but for a byte', table([]).subarray(0, HEADER_BYTES - 1)],
    ['a type without its length', table([Uint8Array.of(1)])],
    ['fewer structures than it should have', table([memory(RAM, 0x1000)], { longer: 40 })],
  ])('is none at the very end that has %s', async (_, bytes) => {
    expect(await read({ [END - bytes.length]: bytes })).toBeUndefined()
  })
})

describe('the tables of a machine', () => {
  const source = bytesSource(new Uint8Array(2 << 20))
  const index = (kinds: readonly number[]) => {
    const block = new RamBlock(NAME, kinds.length * PAGE_BYTES, { bytes: 1 << 20 })
    kinds.forEach((kind, page) => {
      if (kind !== 0) block.index.set(page, 0, kind, false)
    })
    return block
  }
  /** A page record at the beginning of the file: a header of 8 bytes, then the page. */
  const file = (contents: Uint8Array) => {
    const bytes = new Uint8Array(8 + PAGE_BYTES)
    bytes.set(contents, 8)
    return bytesSource(bytes)
  }

  it.each([
    ['a zero page before them', [RECORD.zero, RECORD.page], ofNode],
    ['a page before them that the file lacks', [0, RECORD.page], ofNode],
    ['a page that is not saved whole', [RECORD.page, RECORD.xbzrle], undefined],
    ['a page that is filled', [RECORD.fill, RECORD.page], undefined],
  ])('are read with %s', async (_, kinds, expected) => {
    expect(await memoryAffinity(file(good), index(kinds))).toEqual(expected)
  })

  it('are not there, or not read when they are longer than 1 MiB', async () => {
    expect(await memoryAffinity(source, undefined)).toBeUndefined()
    const block = (bytes: number) => {
      const bitmap = new Uint8Array(bytes / PAGE_BYTES / 8 + 1).fill(0xff)
      return new RamBlock(NAME, bytes, { bytes: 0 }, { bitmap, bitmapOffset: 0, pagesOffset: 0 })
    }
    const bytes = new Uint8Array(2 << 20)
    bytes.set(good)
    expect(await memoryAffinity(bytesSource(bytes), block(1 << 20))).toEqual(ofNode)
    expect(await memoryAffinity(bytesSource(bytes), block((1 << 20) + PAGE_BYTES))).toBeUndefined()
  })
})
