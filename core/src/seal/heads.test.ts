import { describe, expect, it } from 'vitest'
import { GITS_BASER, HEAD_DTE, HEAD_ITE } from '../abi/index.ts'
import { COLLECTION_BASER } from '../its/index.ts'
import type { Gpa } from '../memory/index.ts'
import { type Heads, restoreTables, saveTables } from '../tables/index.ts'
import { LiveIts, type LiveOptions, stateOf } from '../tables/testing/live-its.ts'
import { newest, RAM, withQuirks } from '../tables/testing/planted.ts'
import { stampedHeads as ours } from './index.ts'

const kinds: readonly { readonly kind: string; readonly heads: Heads }[] = [
  { kind: 'proposed', heads: 'proposed' },
  { kind: 'ours', heads: ours },
]

const pages = (...l2Pages: number[]): LiveOptions => ({ indirect: true, l2Pages })

/** Saves with one kind of head and restores with the same kind; the DeviceIDs that come back, or the errno of whichever fails. */
function throughHeads(vm: LiveIts, heads: Heads, meddle: (vm: LiveIts) => unknown = () => {}) {
  const saved = saveTables(vm.its, { heads })
  if (!saved.ok) return `save: ${saved.errno}`
  meddle(vm)
  const other = vm.successor()
  const restored = restoreTables(other.its, { heads })
  return restored.ok ? stateOf(other.its).devices.map(brief) : `restore: ${restored.errno}`
}

/** `'3: 1 9'` for device 3 with events 1 and 9. */
function brief(line: string): string {
  const events = [...line.matchAll(/(\d+)>/g)].map(([, eventId]) => eventId)
  return [`${line.split(' ')[0]}:`, ...events].join(' ')
}

const wordAt = (vm: LiveIts, at: Gpa, { lo, hi }: { lo: number; hi: number }) => vm.memory.setWord(at, lo, hi)

describe('a head', () => {
  it.each(kinds)('of kind $kind stands at index 0 and names the first live entry', ({ heads }) => {
    const vm = new LiveIts().map(32, [8189], { bits: 13 })
    saveTables(vm.its, { heads })
    expect([vm.word(vm.dteAt(0)), vm.word(vm.iteAt(32, 0))]).toEqual(['000000000020dafe', '1ffd00000000dafe'])
  })

  it('is not written where entry 0 is live', () => {
    const vm = new LiveIts().map(0, [0])
    saveTables(vm.its, { heads: ours })
    expect([vm.word(vm.dteAt(0)).slice(0, 4), vm.word(vm.iteAt(0, 0))]).toEqual(['8000', '0000000020000000'])
  })

  it('of the proposal says so when there is nothing live; ours leaves such a table clean', () => {
    const empty = (heads: Heads) => {
      const vm = new LiveIts().map(3)
      vm.memory.setWord(vm.iteAt(3, 5), 0x2000_0000, 0)
      saveTables(vm.its, { heads })
      return [vm.word(vm.iteAt(3, 0)), vm.word(vm.iteAt(3, 5))]
    }
    expect(empty('proposed')).toEqual(['000000000000dafe', '0000000020000000'])
    expect(empty(ours)).toEqual(['0'.repeat(16), '0'.repeat(16)])
  })

  it('spares the restore the entries before the first live one', () => {
    const vm = new LiveIts().map(60000, [65535], { bits: 16 })
    const read = (heads: Heads) => {
      saveTables(vm.its, { heads })
      const restored = restoreTables(vm.successor().its, { heads })
      return restored.ok && restored.value.entries
    }
    expect([read('none'), read('proposed'), read(ours)]).toEqual([2 + 60001 + 65536, 2 + 2 + 2, 2 + 1 + 1])
  })

  it('of ours stands in every second-level page that needs one, and jumps over its orphans', () => {
    const vm = new LiveIts(pages(0, 1, 2)).map(100, [1]).map(8300, [2]).map(16384, [3])
    wordAt(vm, vm.dteAt(8200), { lo: 0, hi: 0x8000_0000 })
    expect(throughHeads(vm, ours)).toEqual(['100: 1', '8300: 2', '16384: 3'])
    expect(vm.word(vm.dteAt(8192))).toBe('00000000006cdafe')
  })
})

describe('the defects of the proposed head, which ours has not', () => {
  it('1: a save is EINVAL when DeviceID 0 has no place; a head that cannot be written does no harm', () => {
    const vm = () => new LiveIts(pages(1)).map(9000, [1])
    expect(throughHeads(vm(), 'proposed')).toBe('save: EINVAL')
    expect(throughHeads(vm(), ours)).toEqual(['9000: 1'])
  })

  it('2: the jump over an invalid first-level entry is taken from a DeviceID, so devices are lost with success', () => {
    const vm = () => new LiveIts(pages(0, 4)).map(0, [1]).map(40000, [2])
    expect(throughHeads(vm(), 'proposed')).toEqual(['0: 1'])
    expect(throughHeads(vm(), ours)).toEqual(['0: 1', '40000: 2'])
  })

  it('3: an invalid ITE with rubbish in [63:48] fails the restore', () => {
    const vm = () => new LiveIts().map(3, [1])
    const rubbish = (of: LiveIts) => of.memory.setWord(of.iteAt(3, 0), 0, 0xffff_0000)
    expect(throughHeads(vm(), 'proposed', rubbish)).toBe('restore: EINVAL')
    expect(throughHeads(vm(), ours, rubbish)).toEqual(['3: 1'])
  })

  it('4: the magic counts at any index, so rubbish there stops or misleads the scan', () => {
    const vm = () => new LiveIts().map(0, [0]).map(16400, [1]).map(16420, [2])
    const rubbish = (of: LiveIts) => wordAt(of, of.dteAt(16383), HEAD_DTE.encode({ magic: 0xdafe, first: 0 }))
    expect(throughHeads(vm(), 'proposed', rubbish)).toEqual(['0: 0'])
    expect(throughHeads(vm(), ours, rubbish)).toEqual(['0: 0', '16400: 1', '16420: 2'])
  })

  it('5: a head of 32 bits and more becomes a negative answer', () => {
    const vm = () => new LiveIts().map(3, [1])
    const rubbish = (of: LiveIts) => wordAt(of, of.dteAt(0), HEAD_DTE.encode({ magic: 0xdafe, first: 0x1_8000_0003 }))
    expect(throughHeads(vm(), 'proposed', rubbish)).toBe('restore: EINVAL')
    expect(throughHeads(vm(), ours, rubbish)).toEqual(['3: 1'])
  })

  it('6: a gap above the cap still lands among orphans', () => {
    const vm = () => {
      const live = new LiveIts().map(1, [1]).map(50000, [2])
      const orphan = live.itt(7)
      live.memory.setWord(live.dteAt(16390), (orphan >>> 3) | 4, 0x8000_0000)
      return live
    }
    expect(throughHeads(vm(), 'proposed')).toEqual(['1: 1', '16390:'])
    expect(throughHeads(vm(), ours)).toEqual(['1: 1', '50000: 2'])
  })
})

describe('a head of ours that is stale', () => {
  it('is rewritten or cleared by the next save', () => {
    const vm = new LiveIts(pages(0, 1)).map(9, [1]).map(8200, [5])
    saveTables(vm.its, { heads: ours })
    vm.unmap(8200).map(4, [2])
    expect(throughHeads(vm, ours)).toEqual(['4: 2', '9: 1'])
    expect([vm.word(vm.dteAt(0)), vm.word(vm.dteAt(8192))]).toEqual(['000000000004dafe', '0'.repeat(16)])
  })

  it('is not believed after a kernel that knows no heads has saved an earlier device', () => {
    const vm = new LiveIts().map(9, [7])
    saveTables(vm.its, { heads: ours })
    const old = vm.successor()
    restoreTables(old.its)
    old.map(4, [2])
    saveTables(old.its)
    expect(old.word(old.dteAt(0))).toBe('000000000009dafe')
    const back = old.successor()
    restoreTables(back.its, { heads: ours })
    expect(stateOf(back.its).devices.map(brief)).toEqual(['4: 2', '9: 7'])
  })

  it('is not believed when it points at nothing or out of its table', () => {
    const vm = () => new LiveIts().map(9, [7])
    for (const first of [5, 40000, 2 ** 17]) {
      const meddle = (of: LiveIts) => wordAt(of, of.dteAt(0), HEAD_DTE.encode({ magic: 0xdafe, first }))
      expect(throughHeads(vm(), ours, meddle)).toEqual(['9: 7'])
    }
    const meddle = (of: LiveIts) => wordAt(of, of.iteAt(9, 0), HEAD_ITE.encode({ magic: 0xdafe, first: 60 }))
    expect(throughHeads(vm(), ours, meddle)).toEqual(['9: 7'])
  })
})

describe('a head of ours', () => {
  const rubbishHead = HEAD_DTE.encode({ magic: 0xdafe, first: 9 })

  it.each<[string, LiveOptions, (vm: LiveIts) => unknown]>([
    ['points just past its table', {}, (vm) => wordAt(vm, vm.dteAt(0), HEAD_DTE.encode({ magic: 0xdafe, first: 65536 }))],
    [
      'points at a DTE behind its second-level page',
      pages(0, 1),
      (vm) => wordAt(vm, vm.dteAt(0), HEAD_DTE.encode({ magic: 0xdafe, first: 8192 })),
    ],
    ['has another magic', {}, (vm) => wordAt(vm, vm.dteAt(0), HEAD_DTE.encode({ magic: 0xdaff, first: 5 }))],
  ])('is not believed when it %s', (_why, options, meddle) => {
    const vm = () => new LiveIts(options).map(5, [1]).map(8193, [2])
    expect(throughHeads(vm(), ours, meddle)).toEqual(['5: 1', '8193: 2'])
  })

  it('is not seen in a live event, though its collection has the number that a head begins with', () => {
    const vm = new LiveIts()
    const large = GITS_BASER.pack({ valid: true, addressLow: RAM + 0x30_0000, pages: 7 })
    vm.its.setBaser(COLLECTION_BASER, large)
    saveTables(vm.map(3, [0, 7], { icid: 0xdafe }).its, { heads: ours })
    const other = vm.successor()
    other.its.setBaser(COLLECTION_BASER, large)
    restoreTables(other.its, { heads: ours })
    expect(stateOf(other.its).devices.map(brief)).toEqual(['3: 0 7'])
  })

  it.each<[string, number]>([
    ['just past its ITT', 32],
    ['at an ITE of the next ITT', 0x4000 / 8 + 2],
    ['at an ITE that is not valid', 3],
  ])('in an ITT is not believed when it points %s', (_where, first) => {
    const vm = new LiveIts().map(3, [7]).map(4, [2])
    wordAt(vm, vm.iteAt(3, 32), { lo: 9000 << 16, hi: 0 })
    const meddle = (of: LiveIts) => wordAt(of, of.iteAt(3, 0), HEAD_ITE.encode({ magic: 0xdafe, first }))
    expect(throughHeads(vm, ours, meddle)).toEqual(['3: 7', '4: 2'])
  })

  it('is not read, written or stamped without a collection table in RAM', () => {
    const outside = () => {
      const vm = new LiveIts().map(9, [])
      vm.its.setBaser(COLLECTION_BASER, GITS_BASER.pack({ valid: true, addressLow: RAM + 0x100_0000, pages: 0 }))
      return vm
    }
    expect(throughHeads(outside(), ours)).toBe('save: EFAULT')
    const none = new LiveIts()
    none.its.setBaser(COLLECTION_BASER, GITS_BASER.pack({ addressLow: none.collectionTable, pages: 0 }))
    none.memory.clearDirty()
    expect(saveTables(none.its, { heads: ours }).ok).toBe(true)
    expect(none.word(none.collectionTable)).toBe('0'.repeat(16))
    wordAt(none, none.dteAt(0), rubbishHead)
    expect(throughHeads(none, ours)).toEqual([])
  })
})

describe('a kernel that knows no heads', () => {
  it.each(kinds)('restores the same from RAM with heads of kind $kind', ({ heads }) => {
    const vm = new LiveIts(pages(0, 1, 2)).map(100, [4]).map(8300, [2, 9]).map(16384, [])
    saveTables(vm.its, { heads })
    const other = vm.successor(newest)
    expect(restoreTables(other.its).ok).toBe(true)
    expect(stateOf(other.its)).toEqual(stateOf(vm.its))
  })
})

describe('two devices in one ITT', () => {
  it.each([
    ['proposed', 'proposed', ['3: 2', '5:']],
    ['ours', ours, ['3:', '5:']],
  ] as const)('lose events by heads of kind %s that a plain save keeps', (_kind, heads, left) => {
    const restored = (kept: Heads) => {
      const vm = new LiveIts().map(3, [0, 2])
      vm.its.addDevice(5, vm.itt(3), 5)
      saveTables(vm.its, { heads: kept })
      const other = vm.successor(newest)
      restoreTables(other.its)
      return stateOf(other.its).devices.map(brief)
    }
    expect(restored('none')).toEqual(['3: 0 2', '5:'])
    expect(restored(heads)).toEqual(left)
  })
})

describe('a kernel with the proposal', () => {
  it('writes and follows its heads without being told', () => {
    const vm = new LiveIts({ quirks: withQuirks('proposed-head') }).map(32, [3])
    saveTables(vm.its)
    expect(vm.word(vm.dteAt(0))).toBe('000000000020dafe')
    expect(restoreTables(vm.successor().its)).toMatchObject({ value: { entries: 2 + 2 + 2 } })
  })
})
