import { describe, expect, it } from 'vitest'
import { GITS_BASER, L1E, releasedKernels as released } from '../abi/index.ts'
import { COLLECTION_BASER, DEVICE_BASER } from '../its/index.ts'
import { type Gpa, GuestMemory } from '../memory/index.ts'
import { LiveIts } from '../tables/testing/live-its.ts'
import { RAM } from '../tables/testing/planted.ts'
import { restoresUnder, seal } from './index.ts'

const END = RAM + 0x100_0000
const PAGE = 0x10000

/** The limits that a sealed save lists, as `'name'`, `'name 3'` for a device and `'name 3:1'` for an event. */
function limitsOf(vm: LiveIts): string[] {
  const sealed = seal(vm.its)
  if (!sealed.ok) throw new Error(sealed.reason)
  return sealed.value.limits.map(({ name, deviceId, eventId, icid }) => {
    const event = eventId === undefined ? '' : `:${eventId}`
    return [name, ...(deviceId === undefined ? [] : [`${deviceId}${event}`]), ...(icid === undefined ? [] : [`c${icid}`])].join(
      ' ',
    )
  })
}

/** The released kernels that do not bring back what was sealed. */
const failing = (vm: LiveIts) => released.filter((id) => restoresUnder(vm.its, id).restores !== 'exactly')

const twoLevel = (...l2Pages: number[]) => new LiveIts({ indirect: true, l2Pages })

function deviceTableAt(vm: LiveIts, base: number, pages: number, indirect = false): LiveIts {
  vm.its.setBaser(DEVICE_BASER, GITS_BASER.pack({ valid: true, indirect, addressLow: base, pages: pages - 1 }))
  return vm
}

function collectionTableAt(vm: LiveIts, base: number, icids = 1): LiveIts {
  vm.its.setBaser(COLLECTION_BASER, GITS_BASER.pack({ valid: true, addressLow: base, pages: 0 }))
  for (let icid = 0; icid < icids; icid++) vm.its.collections.set(icid, 0)
  return vm
}

/** Makes a first-level entry name a page anywhere. */
function l1(vm: LiveIts, entry: number, l2Addr: number): LiveIts {
  const { lo, hi } = L1E.encode({ l2Addr, valid: true })
  vm.memory.setWord((vm.its.deviceTable.base + entry * 8) as Gpa, lo, hi)
  return vm
}

/** The place of a second-level page of `LiveIts`: they lie in falling order. */
const l2Place = (vm: LiveIts, page: number) => vm.dteAt(page * 8192)

describe('tables that leave RAM', () => {
  it.each<[string, () => LiveIts, string[]]>([
    ['a flat table, behind its first device', () => deviceTableAt(new LiveIts(), END - PAGE, 2).map(8191, [1]), []],
    [
      'a flat table without a device, which is read to its end',
      () => deviceTableAt(new LiveIts(), END - PAGE, 2),
      ['no-device', 'table-outside-ram'],
    ],
    ['a second-level page behind the last device', () => l1(twoLevel(0), 1, END).map(3, [1]), []],
    [
      'a second-level page before the last device',
      () => l1(twoLevel(0, 2), 1, END).map(3, [1]).map(16384, [1]),
      ['table-outside-ram'],
    ],
    ['a second-level page before the only device', () => l1(twoLevel(1, 2), 0, END).map(16390, [1]), ['table-outside-ram']],
    ['a page with no device in it that lies in RAM', () => twoLevel(0, 1, 2).map(3, [1]).map(16390, [1]), []],
    [
      'an ITT, before its only event',
      () => new LiveIts().map(4, [32], { bits: 6, ittAddr: (RAM - 256) as Gpa }),
      ['table-outside-ram 4'],
    ],
    ['an ITT, behind its only event', () => new LiveIts().map(4, [31], { bits: 6, ittAddr: (END - 256) as Gpa }), []],
  ])('%s', (_what, make, limits) => {
    const vm = make()
    expect(limitsOf(vm)).toEqual(limits)
    expect(failing(vm)).toEqual(limits.some((limit) => limit.startsWith('table')) ? released : [])
  })

  it('a second-level page that is half in RAM is no limit up to where its first device lies', () => {
    const half = () => {
      const memory = new GuestMemory([{ base: RAM, bytes: 0x100_0000 + 0x1000, backing: 'sparse' }])
      return l1(new LiveIts({ indirect: true, l2Pages: [0, 2], memory }), 1, END)
    }
    expect(
      limitsOf(
        half()
          .map(3, [1])
          .map(8192 + 511, [1]),
      ),
    ).toEqual([])
    const passed = half().map(3, [1]).map(16390, [1])
    expect(limitsOf(passed)).toEqual(['table-outside-ram'])
    expect(failing(passed)).toEqual(released)
  })
})

describe('holes in the first level', () => {
  it.each<[string, () => LiveIts, string[]]>([
    ['none', () => twoLevel(0, 1, 2).map(3, [1]).map(20000, [1]), []],
    ['one between the devices', () => twoLevel(0, 2).map(3, [1]).map(20000, [1]), ['first-level-hole 20000']],
    ['one behind the last device', () => twoLevel(0, 1, 3).map(3, [1]).map(9000, [1]), []],
    ['two, which are one limit', () => twoLevel(0, 3).map(3, [1]).map(30000, [1]), ['first-level-hole 30000']],
    ['one, and no device', () => twoLevel(0, 2), ['no-device']],
  ])('%s', (_what, make, limits) => {
    const vm = make()
    expect(limitsOf(vm)).toEqual(limits)
    const fails = restoresUnder(vm.its, 'proposal-2024').restores !== 'exactly'
    expect(fails).toBe(limits.some((limit) => limit.startsWith('first-level-hole')))
  })
})

describe('tables that share bytes', () => {
  const over = (what: number, ...ids: number[]) => {
    const vm = twoLevel(0, 1, 2)
    collectionTableAt(vm, l2Place(vm, what), 2)
    for (const id of ids) vm.map(id, [1])
    return vm
  }

  it.each<[string, () => LiveIts, string[]]>([
    ['the collection list before the first device of a second-level page', () => over(1, 3, 8200), ['shared-entries']],
    ['the collection list in a second-level page between the devices', () => over(1, 3, 16390), ['shared-entries']],
    ['the collection list in a second-level page behind the last device', () => over(2, 3, 8200), []],
    ['the collection list where a DTE lies', () => over(1, 3, 8193), ['shared-entries 8193', 'shared-entries']],
    ['the collection list behind the DTE of the last device', () => over(1, 8192), ['shared-entries 8192']],
    ['an ITT in the device table, behind its last entry', () => new LiveIts().map(3, [1], { ittAddr: dteAt(96) }), []],
    ['an ITT before its DTE, with an ITE that looks like no DTE', () => new LiveIts().map(300, [1], { ittAddr: dteAt(96) }), []],
    [
      'an ITT before its DTE, with an ITE that looks like one',
      () => new LiveIts().map(300, [0, 40000], { bits: 16, ittAddr: dteAt(96) }),
      ['shared-entries 300'],
    ],
    ['an ITT behind the collection list', () => new LiveIts().map(3, [1], { ittAddr: 0x401a_0100 as Gpa }), []],
    ['an ITT over the collection list', () => new LiveIts().map(3, [1], { ittAddr: 0x401a_0000 as Gpa }), ['shared-entries 3']],
    ['two ITTs one behind the other', () => new LiveIts().map(3, [1]).map(4, [2], { ittAddr: itt3(0x100) }), []],
    [
      'an ITT in the middle of another',
      () => new LiveIts().map(3, [40], { bits: 6 }).map(4, [0], { ittAddr: itt3(0x100) }),
      ['shared-entries 4'],
    ],
    [
      'an ITT in another, whose events come first',
      () => new LiveIts().map(3, [0], { bits: 6 }).map(4, [0], { ittAddr: itt3(0x100), bits: 1 }),
      [],
    ],
    [
      'a third ITT in the first of three',
      () =>
        new LiveIts()
          .map(3, [511], { bits: 9 })
          .map(4, [0], { ittAddr: itt3(0x100), bits: 2 })
          .map(5, [0], { ittAddr: itt3(0x800), bits: 2 }),
      ['shared-entries 4', 'shared-entries 5'],
    ],
    [
      'device 0 with the ITT of device 1',
      () => new LiveIts().map(1, [1]).map(0, [2], { ittAddr: new LiveIts().itt(1) }),
      ['shared-entries 1'],
    ],
    [
      'two devices of one DeviceID, which a restore onto a live ITS makes',
      () => new LiveIts().map(3, [1]).map(3, [2], { ittAddr: itt3(0x100) }),
      ['shared-entries 3'],
    ],
  ])('%s', (_what, make, limits) => {
    const vm = make()
    expect(limitsOf(vm)).toEqual(limits)
    expect(failing(vm)).toEqual(limits.length > 0 ? released : [])
  })
})

const dteAt = (deviceId: number) => new LiveIts().dteAt(deviceId)
const itt3 = (offset: number) => (new LiveIts().itt(3) + offset) as Gpa
