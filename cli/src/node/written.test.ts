import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writtenRanges } from './written.ts'

const MIB = 2 ** 20

describe('where a file was written', () => {
  const told = (...answers: readonly (string | undefined)[]) => {
    let asked = 0
    return { platform: 'linux' as const, ask: async () => answers[asked++] }
  }

  it.each<[string, readonly (string | undefined)[], number, readonly (readonly [number, number])[] | undefined]>([
    [
      'is what the first program says',
      ['4096 8192\n20480 24576\n'],
      8192,
      [
        [4096, 8192],
        [20480, 24576],
      ],
    ],
    ['is what the second says where the first is not there', [undefined, '0 4096\n'], 4096, [[0, 4096]]],
    ['is nowhere in a file of holes', [''], 0, []],
    ['is not known without either', [undefined, undefined], 4096, undefined],
    ['is not believed where it is more than the file takes', ['0 65536\n'], 4096, undefined],
    ['is not taken out of order', ['8192 12288\n0 4096\n', undefined], 8192, undefined],
    ['is not taken from what is no answer', ['hello\n', undefined], 8192, undefined],
  ])('%s', async (_, answers, storedBytes, expected) => {
    const ranges = await writtenRanges('file', storedBytes, told(...answers))
    expect(ranges?.map(({ start, end }) => [start, end])).toEqual(expected)
  })

  it('is not asked where the numbers of lseek are others', async () => {
    expect(await writtenRanges('file', 4096, { ...told('0 4096\n'), platform: 'darwin' })).toBeUndefined()
  })

  it('is told of a real file, if it is: pages of zeros that were written, and no hole', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vits-written-'))
    try {
      const path = join(folder, '-e print')
      const file = await open(path, 'w')
      for (const at of [MIB, 3 * MIB]) await file.write(new Uint8Array(4096), 0, 4096, at)
      await file.truncate(4 * MIB)
      await file.close()
      const ranges = (await writtenRanges(path, (await stat(path)).blocks * 512)) ?? [MIB, 3 * MIB].map(one)
      const near = ranges.map(({ start, end }) => start % MIB === 0 && end - start >= 4096 && end - start < MIB)
      expect([ranges.map(({ start }) => start), near]).toEqual([
        [MIB, 3 * MIB],
        [true, true],
      ])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

const one = (start: number) => ({ start, end: start + 4096 })
