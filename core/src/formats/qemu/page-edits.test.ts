import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gpa, PAGE_BYTES } from '../../memory/index.ts'
import { bytesSource, changedPages, editedLength, keepsLength, openSavedMachine, type SavedMachine } from '../index.ts'
import { edited, editsOf } from '../testing/edited.ts'
import { fixtureBytes, fixtureText, openFixture } from '../testing/fixtures.ts'
import { type RamRecord, type StreamParts, writeStream, xbzrle } from '../testing/stream-writer.ts'

const RAM = 0x4000_0000
const PAGES = 12
const filled = (value: number) => new Uint8Array(PAGE_BYTES).fill(value)
const pageAt = (page: number) => gpa(RAM + page * PAGE_BYTES)
const open = (bytes: Uint8Array) => openSavedMachine(bytesSource(bytes))

async function ramOf(machine: SavedMachine): Promise<Uint8Array> {
  const memory = machine.memory()
  await machine.load(memory, machine.ranges)
  return memory.read(gpa(RAM), machine.ranges[0]!.bytes)
}

const ram = 'mach-virt.ram'
const half = filled(8).fill(9, 2000)
const blocks = [
  { name: ram, bytes: PAGES * PAGE_BYTES },
  { name: 'virt.flash0', bytes: 0x2000 },
]
/** Pages 0 to 9 with every kind of last record, named and not; 10 and 11 without one. */
const records: readonly (readonly RamRecord[])[] = [
  [
    { block: ram, page: 0, contents: filled(1) },
    { page: 1, contents: filled(2) },
    { page: 2, fill: 0 },
    { page: 3, fill: 7 },
    { page: 4, zlib: deflateSync(half) },
    { page: 5, contents: filled(8) },
    { block: 'virt.flash0', page: 1, contents: filled(3) },
  ],
  [
    { block: ram, page: 6, fill: 0 },
    { page: 5, xbzrle: xbzrle(filled(8), half) },
    { page: 2, contents: half },
    { page: 2, fill: 0 },
    { block: 'virt.flash0', page: 0, fill: 0 },
    { page: 1, contents: filled(4) },
    { block: ram, page: 7, zlib: deflateSync(half) },
    { page: 8, fill: 0 },
    { page: 9, contents: filled(5) },
  ],
]
const mapped = new Map([0, 1, 2, 9].map((page) => [page, filled(page)]))

describe('writing pages back', () => {
  const files: readonly (readonly [string, StreamParts])[] = [
    ['a stream', { blocks, sections: records }],
    ['a mapped-ram file', { blocks, mapped: { [ram]: mapped } }],
  ]
  it.each(files)('into %s changes those pages and nothing else, whichever they are', async (_, parts) => {
    const original = writeStream(parts)
    const before = await ramOf(await open(original))
    const contents = fc.oneof(
      fc.nat(255).map(filled),
      fc.tuple(fc.nat(255), fc.nat(4095)).map(([value, at]) => half.slice().fill(value, at, at + 9)),
    )
    const changes = fc.array(fc.tuple(fc.nat(PAGES - 1), contents), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const pages = new Map(list.map(([page, bytes]) => [pageAt(page), bytes]))
        const machine = await open(original)
        const result = await open(await edited(machine, pages))
        const expected = before.slice()
        for (const [at, bytes] of pages) expected.set(bytes, at - RAM)
        expect(Buffer.compare(await ramOf(result), expected)).toBe(0)
        expect([result.registers, result.format]).toEqual([machine.registers, machine.format])
        // Nothing of the file went away but what the edits name, and a second run finds nothing to do.
        const again = await editsOf(result, pages)
        expect(again.filter(({ insert }) => insert.length > PAGE_BYTES)).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('leaves the flash alone, whose records follow those of RAM by name only', async () => {
    const machine = await open(writeStream({ blocks, sections: records }))
    const all = new Map(Array.from({ length: PAGES }, (_, page) => [pageAt(page), half]))
    const result = await edited(machine, all)
    const flash = Buffer.concat([Buffer.from('virt.flash0'), filled(3)])
    const second = Buffer.concat([Buffer.from([0, 0x10, 0x28]), filled(4)])
    expect([Buffer.from(result).includes(flash), Buffer.from(result).includes(second)]).toEqual([true, true])
  })

  it('replaces only the bytes that differ in a page that has its own', async () => {
    const machine = await open(writeStream({ blocks, sections: records }))
    const edits = await editsOf(machine, new Map([[pageAt(9), filled(5).fill(0, 8, 16).fill(1, 4095)]]))
    expect(edits.map(({ remove, insert }) => [remove, [...insert]])).toEqual([
      [8, [0, 0, 0, 0, 0, 0, 0, 0]],
      [1, [1]],
    ])
    expect([keepsLength(edits), await editsOf(machine, new Map([[pageAt(9), filled(5)]]))]).toEqual([true, []])
  })

  it('grows the file where a page of zeros gets contents', async () => {
    const machine = await open(writeStream({ blocks, sections: records }))
    const edits = await editsOf(machine, new Map([[pageAt(2), half]]))
    expect([
      edits.length,
      keepsLength(edits),
      editedLength(machine.files[0]!.source, edits) - machine.files[0]!.source.byteLength,
    ]).toEqual([1, false, PAGE_BYTES - 1])
  })

  it('refuses what is no page of RAM', async () => {
    const machine = await open(writeStream({ blocks, sections: records }))
    for (const [at, bytes] of [
      [RAM - 4096, filled(0)],
      [RAM + PAGES * 4096, filled(0)],
      [RAM + 8, filled(0)],
      [RAM, new Uint8Array(8)],
    ] as const) {
      await expect(async () => machine.edits(new Map([[gpa(at), bytes]]))).rejects.toThrow(RangeError)
    }
  })
})

describe('writing back into real files', () => {
  it('clears one device table entry and leaves the other bytes of the file alone', async () => {
    const machine = await openFixture('scattered-unrestorable')
    const memory = machine.memory()
    const { devices } = JSON.parse(fixtureText('scattered-unrestorable.tables.json')!) as {
      devices: { devid: number; gpa: string }[]
    }
    const at = gpa(BigInt(devices.find(({ devid }) => devid === 20992)!.gpa))
    await machine.load(memory, [{ base: at, bytes: 8 }])
    memory.setWord(at, 0, 0)
    const result = await edited(machine, changedPages(memory))
    expect(Buffer.compare(result, fixtureBytes('scattered-partly-repaired.mig'))).toBe(0)
  })

  it.each(['live-resent-pages', 'numa', 'qemu10'])('gives %s pages it had as zeros, and it opens again', async (name) => {
    const machine = await openFixture(name)
    const pages = new Map([0x100, 0x2f00, machine.ranges[0]!.bytes / PAGE_BYTES - 1].map((page) => [pageAt(page), half]))
    const before = await ramOf(machine)
    const result = await open(await edited(machine, pages))
    for (const [at, bytes] of pages) before.set(bytes, at - RAM)
    expect(Buffer.compare(await ramOf(result), before)).toBe(0)
    expect(result.msi).toEqual(machine.msi)
  })
})
