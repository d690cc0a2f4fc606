import { describe, expect, it } from 'vitest'
import { type Gpa, GuestMemory } from '../memory/index.ts'
import { Overlay, type Reason } from './overlay.ts'

const RAM = 0x4000_0000
const at = (offset: number) => (RAM + offset) as Gpa
const because = (why: string): Reason => ({
  code: 'D203',
  kind: 'DTE',
  id: 'DeviceID 0x8',
  because: 'finding',
  why,
  proven: true,
})

/** RAM with one word in it, and an overlay on it. */
function planted() {
  const memory = new GuestMemory([{ base: RAM as Gpa, bytes: 0x4000, backing: 'sparse' }])
  memory.setWord(at(8), 1, 0x80000000)
  memory.clearDirty()
  return { memory, overlay: new Overlay(memory) }
}

describe('guest RAM as a repair would leave it', () => {
  it('has the words that were put, and leaves the memory it is made from', () => {
    const { memory, overlay } = planted()
    expect(overlay.put(at(8), [2, 3], because('so'))).toBe(true)
    expect([overlay.word(at(8)), overlay.memory.u32(at(12)), memory.u32(at(8))]).toEqual([[2, 3], 3, 1])
  })

  it('takes a word for unchanged that it holds already, however its halves are signed', () => {
    const { overlay } = planted()
    expect([overlay.put(at(8), [1, 0x80000000 | 0], because('so')), overlay.changes, overlay.writes]).toEqual([false, 0, []])
    expect([overlay.put(at(8), [1, 0], because('so')), overlay.put(at(8), [2, 0], because('so')), overlay.changes]).toEqual([
      true,
      true,
      2,
    ])
  })

  it('tells each word once, with what it was at first, what it is at last, and the last reason', () => {
    const { overlay } = planted()
    overlay.its = 1
    overlay.put(at(8), [2, 3], because('first'))
    overlay.put(at(8), [4, -1], because('last'))
    expect(overlay.writes).toEqual([{ at: at(8), from: [1, 0x80000000], to: [4, 0xffffffff], ...because('last'), its: 1 }])
  })

  it('tells nothing of a word that is as it was', () => {
    const { overlay } = planted()
    overlay.put(at(8), [2, 3], because('first'))
    overlay.put(at(8), [1, 0x80000000], because('back'))
    expect([overlay.writes, overlay.changes]).toEqual([[], 2])
  })

  it('tells words in the order of their addresses', () => {
    const { overlay } = planted()
    for (const offset of [0x1000, 0, 0x800]) overlay.put(at(offset), [7, 7], because('so'))
    expect(overlay.writes.map((write) => write.at - RAM)).toEqual([0, 0x800, 0x1000])
  })

  it('is frozen as it stands: what changes later does not show there', () => {
    const { overlay } = planted()
    overlay.put(at(8), [2, 3], because('so'))
    const frozen = overlay.freeze()
    overlay.put(at(8), [4, 5], because('so'))
    expect([frozen.u32(at(8)), overlay.word(at(8))]).toEqual([2, [4, 5]])
  })

  it('results in memory whose dirty pages are those of the words that differ', () => {
    const { memory, overlay } = planted()
    overlay.put(at(8), [2, 3], because('so'))
    overlay.put(at(8), [1, 0x80000000], because('back'))
    overlay.put(at(0x2008), [4, 5], because('so'))
    const result = overlay.result()
    expect([result.dirtyPages(), result.u32(at(0x2008)), result.u32(at(8)), memory.dirtyPages()]).toEqual([
      [at(0x2000)],
      4,
      1,
      [],
    ])
  })
})
