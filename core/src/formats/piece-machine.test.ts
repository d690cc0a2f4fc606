import { describe, expect, it } from 'vitest'
import { type Gpa, type GpaRange, PAGE_BYTES } from '../memory/index.ts'
import { bytesSource, FormatError, type SavedFile } from './index.ts'
import { type PieceFacts, PieceMachine } from './piece-machine.ts'
import { someRegisters } from './testing/stream-writer.ts'

const file = (name: string, bytes: Uint8Array): SavedFile => ({
  name,
  source: bytesSource(bytes),
  compression: undefined,
  container: { kind: 'plain' },
})
const pages = (...fills: readonly number[]) => Uint8Array.from({ length: fills.length * PAGE_BYTES }, (_, i) => fills[i >> 12]!)
const range = (page: number, count = 1): GpaRange => ({ base: (page * PAGE_BYTES) as Gpa, bytes: count * PAGE_BYTES })

const low = file('low', Uint8Array.from([...new Uint8Array(16), ...pages(1, 2)]))
const high = file('high', pages(3, 4))
const facts = (more: Partial<PieceFacts> = {}): PieceFacts => ({
  kind: 'qemu',
  origin: { vmm: 'qemu', ram: 'stream', container: { kind: 'plain' } },
  machine: 'virt',
  registers: someRegisters,
  blocks: [],
  unlocated: [],
  msi: [],
  virtio: [],
  vcpus: [],
  files: [low, high],
  ...more,
})
/** Pages 4 and 5 behind a header, page 9 and, from the beginning of its file, page 8; page 6 is in no file. */
const machine = (more: Partial<PieceFacts> = {}) =>
  new PieceMachine(facts({ absent: [range(6)], ...more }), [
    { ...range(9), file: high, offset: PAGE_BYTES },
    { ...range(4, 2), file: low, offset: 16 },
    { ...range(8), file: high, offset: 0 },
  ])

describe('RAM in pieces of files', () => {
  it('is read from where each page lies, in whatever order the pieces are', async () => {
    const saved = machine()
    const memory = saved.memory()
    await saved.load(memory, [range(0, 20)])
    expect(saved.ranges).toEqual([range(4, 3), range(8, 2)])
    expect([4, 5, 6, 8, 9].map((page) => memory.read((page * PAGE_BYTES + 7) as Gpa, 1)[0])).toEqual([1, 2, 0, 3, 4])
    expect(saved.missingPages([range(0, 20)])).toEqual([range(6).base])
  })

  it('is not read again where memory holds it', async () => {
    const saved = machine()
    const memory = saved.memory()
    memory.load(range(4).base, pages(9))
    await saved.load(memory, [range(4)])
    expect(memory.read(range(4).base, 1)).toEqual(Uint8Array.of(9))
  })

  it('is changed by the 64-bit words that differ, each in its file', async () => {
    const [first, last] = [pages(2), pages(3)]
    first[19] = 0xff
    first[30] = 0xff
    last.fill(0xee, 8, 16)
    const edits = await machine().edits(
      new Map([
        [range(8).base, last],
        [range(5).base, first],
      ]),
    )
    expect(edits.map((change) => [change.file.name, change.edits.map(({ offset, remove }) => [offset, remove])])).toEqual([
      ['high', [[8, 8]]],
      ['low', [[16 + PAGE_BYTES + 16, 16]]],
    ])
    expect(edits[1]!.edits[0]!.insert).toEqual(first.slice(16, 32))
    expect(await machine().edits(new Map([[range(5).base, pages(2)]]))).toEqual([])
  })

  it('of pages that are not whole, or in no file, is not changed', async () => {
    const change = (page: number, bytes: number) =>
      machine().edits(new Map([[(page * PAGE_BYTES) as Gpa, new Uint8Array(bytes)]]))
    await expect(change(5, 100)).rejects.toThrow(RangeError)
    await expect(change(6, PAGE_BYTES)).rejects.toThrow(RangeError)
    await expect(change(4.5, PAGE_BYTES)).rejects.toThrow(RangeError)
  })

  it('that lies where other RAM lies is refused with the file and the byte: a repair of one would change the other', () => {
    const shared = () =>
      new PieceMachine(facts(), [
        { ...range(4), file: high, offset: 100 },
        { ...range(8), file: low, offset: 16 },
        { ...range(9), file: high, offset: 0 },
      ])
    expect(shared).toThrow(FormatError)
    expect(shared).toThrow(
      'high: at byte 0x64: expected bytes of its own for each part of RAM, found RAM at 0x9000 and at 0x4000 in the same bytes',
    )
  })

  it('that a file ends before is refused with the file and the byte', async () => {
    const cut = file('cut', pages(1).subarray(0, 100))
    const saved = new PieceMachine(facts({ files: [cut] }), [{ ...range(4), file: cut, offset: 0 }])
    const failed = saved.load(saved.memory(), [range(4)])
    await expect(failed).rejects.toThrow(FormatError)
    await expect(failed).rejects.toMatchObject({ file: 'cut', offset: 100 })
  })

  it('is changed together with registers where the format can', async () => {
    const registers = { ...someRegisters }
    const edit = { file: low, edits: [{ offset: 0, remove: 1, insert: Uint8Array.of(1) }] }
    expect(await machine({ registerEdits: () => [edit] }).edits(new Map(), registers)).toEqual([edit])
    expect(await machine().edits(new Map(), registers)).toEqual([])
  })
})
