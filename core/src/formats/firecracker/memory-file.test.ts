import { describe, expect, it } from 'vitest'
import { type Gpa, PAGE_BYTES } from '../../memory/index.ts'
import { FormatError, type MachineFile } from '../index.ts'
import { contents, file, fills, memory, open, page, pages, RAM, regions, state } from '../testing/firecracker-snapshot.ts'

describe('the file of RAM', () => {
  const refusal = async (...others: readonly MachineFile[]) => open(state(), ...others).catch((error: unknown) => error)

  it.each<[string, readonly MachineFile[], string, string, number]>([
    ['is not there', [], 'no file of RAM beside it: name it (--mem)', 'vmstate', 0],
    ['has another size', [memory(pages(1, 2, 3))], 'expected 16384 bytes of RAM, as its state says, found 12288', 'mem', 12288],
    [
      'is one of several',
      [file('a', pages(1, 2, 3, 4), { part: 'found' }), file('b', pages(1, 2, 3, 4), { part: 'found' })],
      'several files of that size',
      'vmstate',
      0,
    ],
    [
      'is none of those that are there',
      [file('a', page(1), { part: 'found' }), file('b', page(1), { part: 'found' })],
      'no file of that size beside it',
      'vmstate',
      0,
    ],
    ['alone beside it has another size', [file('a', page(1), { part: 'found' })], 'expected 16384 bytes of RAM', 'a', 4096],
    ['is named twice', [memory(), file('more', pages(1, 2, 3, 4), { part: 'memory' })], 'expected one file of RAM', 'more', 0],
    [
      'has holes, and nothing is said of what they mean',
      [file('mem', pages(1, 0, 3, 4), { part: 'memory', storedBytes: 12288 })],
      'the file that it changes (--base)',
      'mem',
      0,
    ],
    [
      'changes a file of another size',
      [memory(), file('base', page(1), { part: 'base' })],
      'expected 16384 bytes of RAM',
      'base',
      4096,
    ],
  ])('%s', async (_, others, message, name, offset) => {
    const error = await refusal(...others)
    expect(error).toBeInstanceOf(FormatError)
    expect((error as FormatError).message).toContain(message)
    expect(error).toMatchObject({ file: name, offset })
  })

  it('is found by its size among what lies beside the state', async () => {
    const others = [file('log', page(7), { part: 'found' }), file('ram', pages(5, 6, 7, 8), { part: 'found' })]
    const machine = await open(state(), ...others)
    expect(machine.files.map(({ name }) => name)).toEqual(['vmstate', 'ram'])
    expect(await fills(machine)).toEqual([5, 6, 7, 8])
  })

  it('of a file system that tells no blocks is taken as a whole', async () => {
    const machine = await open(state(), file('mem', pages(1, 0, 3, 4), { part: 'memory', storedBytes: 0 }))
    expect(await fills(machine)).toEqual([1, 0, 3, 4])
  })

  it('has a place for slots that are not plugged, which the guest has not', async () => {
    const hotplug = { base: 0x80_0000_0000 as Gpa, bytes: 4 * PAGE_BYTES, plugged: [false, true, false, true] }
    const mem = file('mem', pages(1, 2, 3, 4, 0, 6, 0, 8), { part: 'memory', storedBytes: 6 * PAGE_BYTES })
    const machine = await open(state({ regions: [...regions, hotplug] }, '1.14'), mem)
    const slot = (n: number) => ({ base: (hotplug.base + n * PAGE_BYTES) as Gpa, bytes: PAGE_BYTES })
    expect(machine.ranges).toEqual([...regions, slot(1), slot(3)])
    expect([(await contents(machine, slot(1)))[0], (await contents(machine, slot(3)))[0]]).toEqual([6, 8])
    expect(machine.blocks).toEqual([
      { name: 'region 0', bytes: 16384 },
      { name: 'region 1', bytes: 16384 },
    ])
  })
})

describe('a file of changes', () => {
  const changes = (written?: readonly { start: number; end: number }[]) =>
    file('diff', pages(0, 0, 7, 0), { part: 'memory', storedBytes: 8192, ...(written && { written }) })
  const base = file('base', pages(1, 2, 3, 0), { part: 'base' })
  const open1 = (...files: readonly MachineFile[]) => open(state(), ...files)

  it('leaves what is a hole in it to the file below', async () => {
    const written = [{ start: PAGE_BYTES, end: 3 * PAGE_BYTES }]
    const machine = await open1(changes(written), base)
    expect(machine.origin).toMatchObject({ ram: 'diff' })
    expect(await fills(machine)).toEqual([1, 0, 7, 0])
  })

  it('goes through all layers, the nearest first', async () => {
    const written = [{ start: 2 * PAGE_BYTES, end: 3 * PAGE_BYTES }]
    const nearer = file('nearer', pages(9, 0, 0, 0), { part: 'base', written: [{ start: 0, end: PAGE_BYTES }] })
    expect(await fills(await open1(changes(written), nearer, base))).toEqual([9, 2, 7, 0])
  })

  it('without word of its holes decides what is not zeros, and what is zeros in all layers', async () => {
    const machine = await open1(changes(), base)
    const at = (n: number) => ({ base: (RAM + n * PAGE_BYTES) as Gpa, bytes: PAGE_BYTES })
    expect([(await contents(machine, at(2)))[0], (await contents(machine, at(3)))[0]]).toEqual([7, 0])
    const refused = contents(machine, at(1))
    await expect(refused).rejects.toThrow('which of the two they are is not known here')
    await expect(refused).rejects.toMatchObject({ file: 'diff', offset: PAGE_BYTES })
  })

  it('is not written back', async () => {
    expect((await open1(changes(), base)).writeBack).toEqual({ to: 'nowhere', because: 'layers' })
  })
})
