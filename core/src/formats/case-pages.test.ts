import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gpa, PAGE_BYTES } from '../memory/index.ts'
import { bytesSource, FormatError, openSavedMachine, type SavedMachine, writeCase } from './index.ts'
import { editsOf } from './testing/edited.ts'
import { Bytes, writeStream } from './testing/stream-writer.ts'

const RAM = 0x4000_0000
const ram = 'mach-virt.ram'
const at = (bytes: number) => gpa(RAM + bytes)
/** A page that has few bytes. */
const page = (value: number) => new Uint8Array(PAGE_BYTES).fill(value, 8, 9)
const open = (bytes: Uint8Array) => openSavedMachine(bytesSource(bytes))

/** Pages 1, 2 and 4 of eight have contents, 3 is zero, the others have no record. */
const machine = () =>
  open(
    writeStream({
      blocks: [{ name: ram, bytes: 0x8000 }],
      sections: [
        [
          { block: ram, page: 1, contents: page(1) },
          { page: 2, contents: page(2) },
          { page: 3, fill: 0 },
          { page: 4, contents: page(4) },
        ],
      ],
    }),
  )

async function caseOf(...ranges: readonly (readonly [from: number, bytes: number])[]): Promise<SavedMachine> {
  const vm = await machine()
  return open(
    await writeCase(
      vm,
      vm.memory(),
      ranges.map(([from, bytes]) => ({ base: at(from), bytes })),
    ),
  )
}

/** What page `n` has at its ninth byte, for each of the eight. */
async function marks(vm: SavedMachine): Promise<number[]> {
  const memory = vm.memory()
  await vm.load(memory, vm.ranges)
  return Array.from({ length: 8 }, (_, n) => memory.read(at(n * PAGE_BYTES), PAGE_BYTES)[8]!)
}
const missing = (vm: SavedMachine) => vm.missingPages(vm.ranges).map((base) => (base - RAM) / PAGE_BYTES)

describe('the pages of a case', () => {
  it.each<[string, readonly (readonly [number, number])[], number[], number[]]>([
    ['of whole pages', [[0x1000, 0x4000]], [0, 1, 2, 0, 4, 0, 0, 0], [0, 5, 6, 7]],
    ['of some bytes', [[0x1ff8, 0x10]], [0, 1, 2, 0, 0, 0, 0, 0], [0, 3, 4, 5, 6, 7]],
    [
      'of bytes of one page, twice',
      [
        [0x2008, 8],
        [0x2800, 8],
      ],
      [0, 0, 2, 0, 0, 0, 0, 0],
      [0, 1, 3, 4, 5, 6, 7],
    ],
    [
      'in any order',
      [
        [0x4000, 8],
        [0x1000, 8],
      ],
      [0, 1, 0, 0, 4, 0, 0, 0],
      [0, 2, 3, 5, 6, 7],
    ],
    [
      'of what is around RAM too',
      [
        [-0x2000, 0x3001],
        [0x7000, 0x4000],
      ],
      [0, 1, 0, 0, 0, 0, 0, 0],
      [0, 2, 3, 4, 5, 6, 7],
    ],
    ['of nothing', [], [0, 0, 0, 0, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5, 6, 7]],
  ])('are those that ranges touch: %s', async (_, ranges, contents, lacking) => {
    const vm = await caseOf(...ranges)
    expect([await marks(vm), missing(vm)]).toEqual([contents, lacking])
  })

  it('are loaded where they are asked for, and nowhere else', async () => {
    const vm = await caseOf([0, 0x8000])
    const memory = vm.memory()
    await vm.load(memory, [
      { base: at(0x2ff8), bytes: 8 },
      { base: at(0x8000), bytes: PAGE_BYTES },
    ])
    expect([1, 2, 3].map((n) => memory.isLoaded(at(n * PAGE_BYTES)))).toEqual([false, true, false])
    expect(vm.missingPages([{ base: at(0x8000), bytes: PAGE_BYTES }])).toEqual([])
  })

  it('that are loaded already stay as they are', async () => {
    const vm = await caseOf([0, 0x8000])
    const memory = vm.memory()
    memory.load(at(0x2000), page(9))
    await vm.load(memory, vm.ranges)
    expect(memory.read(at(0x2000), PAGE_BYTES)).toEqual(page(9))
  })

  it.each<[string, number, Uint8Array]>([
    ['part of one', RAM + 8, page(9)],
    ['half of one', RAM, new Uint8Array(PAGE_BYTES / 2)],
    ['two of them', RAM, new Uint8Array(2 * PAGE_BYTES)],
    ['one that is not RAM', RAM + 0x8000, page(9)],
  ])('are written back whole, not %s', async (_, base, contents) => {
    const vm = await caseOf([0, 0x8000])
    const edits = editsOf(vm, new Map([[gpa(base), contents]]))
    await expect(edits).rejects.toThrow(RangeError)
    await expect(edits).rejects.toThrow('not a page of RAM')
  })

  it('are written back by an edit of the whole file', async () => {
    const vm = await caseOf([0, 0x8000])
    const edits = await editsOf(vm, new Map([[at(0x5000), page(5)]]))
    expect(edits.map(({ offset, remove }) => [offset, remove])).toEqual([[0, vm.files[0]!.source.byteLength]])
    const again = await open(edits[0]!.insert)
    expect([await marks(again), missing(again)]).toEqual([[0, 1, 2, 0, 4, 5, 0, 0], missing(vm).filter((n) => n !== 5)])
  })
})

it('a case whose pages change is the case that would be written of a VM that has them so', async () => {
  const changes = fc.uniqueArray(fc.tuple(fc.nat(7), fc.nat(3)), { selector: ([n]) => n, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(changes, fc.nat(7), async (changed, taken) => {
      const vm = await caseOf([0, (taken + 1) * PAGE_BYTES])
      const pages = new Map(changed.map(([n, value]) => [at(n * PAGE_BYTES), page(value)]))
      const [edit] = await editsOf(vm, pages)
      const memory = vm.memory()
      for (const [base, contents] of pages) memory.load(base, contents)
      const lacking = new Set(missing(vm))
      const held = Array.from({ length: 8 }, (_, n) => n).filter((n) => !lacking.has(n) || pages.has(at(n * PAGE_BYTES)))
      const ranges = held.map((n) => ({ base: at(n * PAGE_BYTES), bytes: PAGE_BYTES }))
      expect(Buffer.compare(edit!.insert, await writeCase(vm, memory, ranges))).toBe(0)
    }),
    { numRuns: 60 },
  )
})

describe('the beginning of a case', () => {
  const begin = (version: number, length: number, rest = 64) => {
    const bytes = new Bytes()
      .text('VITSCASE')
      .raw(new Uint8Array(8 + rest))
      .done()
    const view = new DataView(bytes.buffer)
    view.setUint32(8, version, true)
    view.setUint32(12, length, true)
    return bytes
  }
  it.each([
    ['a version that is not known', begin(3, 8), 8, 'version 1 or 2 of a case, found version 3'],
    ['a header longer than any', begin(2, (16 << 20) + 1), 12, 'a header of at most 16777216 bytes, found 16777217'],
    ['the longest header, cut', begin(2, 16 << 20), 80, 'the header of a case, found the end of the file'],
    ['fifteen bytes', begin(2, 8).subarray(0, 15), 15, 'the beginning of a case, found the end of the file'],
  ])('is refused with %s', async (_, bytes, offset, message) => {
    const refused = open(bytes)
    await expect(refused).rejects.toThrow(FormatError)
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toMatchObject({ offset })
  })

  it('counts the pages that follow it', async () => {
    const vm = await machine()
    const whole = await writeCase(vm, vm.memory(), vm.ranges)
    const longer = new Uint8Array(whole.length + PAGE_BYTES)
    longer.set(whole)
    for (const [bytes, found] of [
      [longer, '16384 bytes'],
      [whole.subarray(0, -PAGE_BYTES), '8192 bytes'],
    ] as const) {
      await expect(open(bytes)).rejects.toMatchObject({ offset: whole.length - 3 * PAGE_BYTES, expected: '3 pages', found })
    }
  })
})
