import { describe, expect, it } from 'vitest'
import { gpa, PAGE_BYTES } from '../../memory/index.ts'
import { bytesSource, openSavedMachine } from '../index.ts'
import { edited, editsOf } from '../testing/edited.ts'
import { ramEnd, type StreamParts, writeStream } from '../testing/stream-writer.ts'

const RAM = 0x4000_0000
const ram = 'mach-virt.ram'
const flash = 'virt.flash0'
const filled = (value: number) => new Uint8Array(PAGE_BYTES).fill(value)
const at = (page: number) => gpa(RAM + page * PAGE_BYTES)
const open = (bytes: Uint8Array) => openSavedMachine(bytesSource(bytes))
const mixed = filled(8).fill(9, 100)
const blocks = [
  { name: ram, bytes: 0x8000 },
  { name: flash, bytes: 0x1000 },
]
/** Page 0 has contents, 1 is zero, 2 is filled, the others have no record; the last record is one of the flash. */
const stream: StreamParts = {
  blocks,
  sections: [
    [
      { block: ram, page: 0, contents: filled(5) },
      { page: 1, fill: 0 },
      { page: 2, fill: 7 },
      { block: flash, page: 0, fill: 3 },
    ],
  ],
}
const record = (page: number, contents: Uint8Array, named = true) =>
  Uint8Array.from([
    0,
    0,
    0,
    0,
    0,
    0,
    page << 4,
    named ? 0x08 : 0x28,
    ...(named ? [ram.length, ...new TextEncoder().encode(ram)] : []),
    ...contents,
  ])

async function edits(parts: StreamParts, pages: readonly (readonly [number, Uint8Array])[]) {
  const machine = await open(writeStream(parts))
  return editsOf(machine, new Map(pages.map(([page, contents]) => [at(page), contents])))
}

describe('a page of a stream that gets new contents', () => {
  it.each<[string, number, Uint8Array]>([
    ['has them already', 0, filled(5)],
    ['is zero and stays so', 1, filled(0)],
    ['is filled and stays so', 2, filled(7)],
    ['has no record and stays zero', 4, filled(0)],
  ])('needs no edit where it %s', async (_, page, contents) => {
    expect(await edits(stream, [[page, contents]])).toEqual([])
    expect(await (await open(writeStream(stream))).edits(new Map([[at(page), contents]]))).toEqual([])
  })

  it.each([
    ['zero', 1, 9],
    ['filled', 2, 0],
  ])('changes by the byte that it is filled with: %s', async (_, page, value) => {
    const found = await edits(stream, [[page, filled(value)]])
    expect(found.map(({ remove, insert }) => [remove, [...insert]])).toEqual([[1, [value]]])
  })

  it.each([
    ['zero', 1],
    ['filled', 2],
  ])('becomes a record of a page, unnamed as it was: %s', async (_, page) => {
    const found = await edits(stream, [[page, mixed]])
    expect(found).toEqual([{ offset: expect.any(Number), remove: 9, insert: record(page, mixed, false) }])
  })

  it('gets a named record behind all others, pages in the order of their addresses', async () => {
    const bytes = writeStream(stream)
    const found = await edits(stream, [
      [6, mixed],
      [4, filled(4)],
      [5, filled(0)],
    ])
    expect(found).toEqual([
      { offset: ramEnd(bytes), remove: 0, insert: Uint8Array.from([...record(4, filled(4)), ...record(6, mixed)]) },
    ])
  })

  it('is found again in the file so made', async () => {
    const machine = await open(writeStream(stream))
    const pages = new Map([
      [at(6), mixed],
      [at(1), mixed],
      [at(0), mixed],
      [at(4), filled(4)],
    ])
    const again = await open(await edited(machine, pages))
    const memory = again.memory()
    await again.load(memory, again.ranges)
    for (const [page, contents] of pages) expect(memory.read(page, PAGE_BYTES)).toEqual(contents)
    expect(again.blocks).toEqual([
      { name: ram, bytes: 0x8000 },
      { name: flash, bytes: 0x1000 },
    ])
  })
})

describe('a page of a mapped-ram file that gets new contents', () => {
  const mapped: StreamParts = {
    blocks,
    mapped: {
      [ram]: new Map([
        [0, filled(5)],
        [1, mixed],
      ]),
    },
  }

  it('changes where it differs', async () => {
    const found = await edits(mapped, [
      [0, filled(5).fill(6, 10, 12)],
      [1, mixed],
    ])
    expect(found.map(({ remove, insert }) => [remove, [...insert]])).toEqual([[2, [6, 6]]])
  })

  it('needs no edit where it is not in the file and stays zero, whatever lies there', async () => {
    expect(await edits(mapped, [[3, filled(0)]])).toEqual([])
  })

  it('comes into the file with its bit, one byte for all bits in it', async () => {
    const found = await edits(mapped, [
      [3, filled(4)],
      [2, mixed],
    ])
    expect(found.map(({ remove, insert }) => [remove, insert.length, insert[0]])).toEqual([
      [1, 1, 0b1111],
      [PAGE_BYTES, PAGE_BYTES, 8],
      [PAGE_BYTES, PAGE_BYTES, 4],
    ])
  })
})
