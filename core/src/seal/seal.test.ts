import { describe, expect, it } from 'vitest'
import { GITS_BASER, type ProfileId, profileIds, profiles } from '../abi/index.ts'
import { COLLECTION_BASER } from '../its/index.ts'
import { type Gpa, GuestMemory } from '../memory/index.ts'
import { saveTables } from '../tables/index.ts'
import { LiveIts } from '../tables/testing/live-its.ts'
import { RAM, withQuirks } from '../tables/testing/planted.ts'
import { type RestoreVerdict, restoresUnder, seal, stampedHeads } from './index.ts'

const verdicts = (vm: LiveIts): RestoreVerdict[] => profileIds.map((id) => restoresUnder(vm.its, id))
const failing = (vm: LiveIts): ProfileId[] =>
  verdicts(vm).flatMap(({ profile, restores }) => (restores === 'exactly' ? [] : [profile]))

/** An entry that looks valid: a DTE that leads to `itt`, or an ITE. */
const orphanDte = (vm: LiveIts, deviceId: number, next = 0, itt = vm.itt(deviceId)) =>
  vm.memory.setWord(vm.dteAt(deviceId), (itt >>> 3) | 4, 0x8000_0000 | (next << 17))
const orphanIte = (vm: LiveIts, deviceId: number, eventId: number, next = 0) =>
  vm.memory.setWord(vm.iteAt(deviceId, eventId), ((8192 + eventId) << 16) | 0, next << 16)

describe('a sealed save', () => {
  it('leaves no stale entry in the tables, and touches nothing but the tables', () => {
    const vm = new LiveIts({ indirect: true, l2Pages: [0, 1, 2] }).map(20, [3], { bits: 6 }).map(9000, [0])
    for (const deviceId of [0, 19, 21, 8192, 16390]) orphanDte(vm, deviceId)
    for (const eventId of [0, 2, 4, 63]) orphanIte(vm, 20, eventId)
    orphanIte(vm, 20, 64)
    orphanIte(vm, 33, 1)
    vm.memory.clearDirty()
    expect(seal(vm.its)).toMatchObject({ ok: true, value: { cleared: 9, devices: 2, events: 2, limits: [] } })
    expect(failing(vm)).toEqual([])
    expect([vm.word(vm.iteAt(20, 64)), vm.word(vm.iteAt(33, 1))]).toEqual(['0000000020400000', '0000000020010000'])
    const pageOf = (at: number) => at - (at % 4096)
    const owned = [
      vm.dteAt(0),
      vm.dteAt(8192),
      vm.dteAt(9000),
      vm.dteAt(16390),
      vm.collectionTable,
      vm.iteAt(20, 0),
      vm.iteAt(9000, 0),
    ]
    expect(vm.memory.dirtyPages()).toEqual([...new Set(owned.map(pageOf))].sort((a, b) => a - b))
  })

  it('restores everywhere where a plain save is refused or wrong', () => {
    const refused = () => {
      const vm = new LiveIts().map(20, [3])
      orphanDte(vm, 5, 0, 0x1000 as Gpa)
      return vm
    }
    const plain = refused()
    saveTables(plain.its)
    expect(restoresUnder(plain.its, 'linux-6.12.117')).toMatchObject({ restores: 'not', errno: 'EFAULT' })
    const wrong = new LiveIts().map(20, [3]).map(22, [1])
    orphanDte(wrong, 5, 0)
    saveTables(wrong.its)
    expect(restoresUnder(wrong.its, 'linux-6.12.117')).toMatchObject({
      restores: 'otherwise',
      difference: 'device 5 came back from the dead',
    })
    for (const vm of [refused(), wrong]) {
      expect(seal(vm.its).ok).toBe(true)
      expect(failing(vm)).toEqual([])
    }
  })

  it('ends every jump at the end of its second-level page, so that 5.10 does not read on behind it', () => {
    const make = () => new LiveIts({ indirect: true, l2Pages: [0, 1, 2] }).map(8000, [0]).map(9000, [0]).map(20000, [0])
    const plain = make()
    saveTables(plain.its)
    expect(restoresUnder(plain.its, 'linux-5.10').restores).not.toBe('exactly')
    const vm = make()
    seal(vm.its)
    expect(failing(vm)).toEqual([])
  })

  it('saves what its own kernel could not: a device without a place is left out, an event without collection too', () => {
    const vm = new LiveIts({ indirect: true, l2Pages: [0, 1], quirks: profiles['linux-5.10'].quirks }).map(5, [0]).map(9000, [0])
    vm.dropL2(1)
    expect(saveTables(vm.its)).toMatchObject({ errno: 'EINVAL' })
    expect(seal(vm.its)).toMatchObject({
      ok: true,
      value: { unstorable: [9000], limits: [{ name: 'unstorable-device', deviceId: 9000 }] },
    })
  })

  it('changes nothing when an entry has no place in RAM', () => {
    const vm = new LiveIts().map(3, [1]).map(4, [31, 32], { bits: 6, ittAddr: (RAM + 0x100_0000 - 256) as Gpa })
    orphanDte(vm, 1)
    vm.memory.clearDirty()
    expect(seal(vm.its)).toMatchObject({ errno: 'EFAULT', where: { deviceId: 4, eventId: 32 } })
    expect(vm.memory.dirtyPages()).toEqual([])
  })

  it('changes nothing when there are more collections than their table holds, or when that is not in RAM', () => {
    const tooMany = new LiveIts().map(3, [1])
    for (let icid = 1; icid <= 8192; icid++) tooMany.its.collections.set(icid, 0)
    const atEdge = (listed: number) => {
      const memory = new GuestMemory([{ base: RAM, bytes: 0x100_0000 + 32, backing: 'sparse' }])
      const vm = new LiveIts({ memory })
      vm.its.setBaser(COLLECTION_BASER, GITS_BASER.pack({ valid: true, addressLow: RAM + 0x100_0000, pages: 0 }))
      for (let icid = 0; icid < listed; icid++) vm.its.collections.set(icid, 0)
      return vm.map(3, [1])
    }
    for (const [vm, errno] of [
      [tooMany, 'EINVAL'],
      [atEdge(4), 'EFAULT'],
    ] as const) {
      orphanDte(vm, 1)
      vm.memory.clearDirty()
      expect(seal(vm.its)).toMatchObject({ ok: false, errno, where: { what: 'CTE' } })
      expect(vm.memory.dirtyPages()).toEqual([])
    }
    expect(seal(atEdge(3).its).ok).toBe(true)
  })

  it('changes nothing when hardware delivers an LPI whose state cannot be read back', () => {
    const vm = new LiveIts().map(3, [1, 2])
    orphanDte(vm, 1)
    vm.memory.clearDirty()
    vm.gic.lpis.forwarding = { setPending() {}, retarget() {}, configure() {}, unmap() {} }
    expect(seal(vm.its).ok).toBe(true)
    vm.gic.lpis.setForwarded(vm.gic.lpis.find(8194), true)
    orphanDte(vm, 1)
    vm.memory.clearDirty()
    expect(seal(vm.its)).toMatchObject({ errno: 'EACCES', where: { deviceId: 3, eventId: 2 } })
    expect(vm.memory.dirtyPages()).toEqual([])
    expect(seal(vm.its, { gicv41: true })).toMatchObject({ ok: true, value: { cleared: 4 } })
  })

  it('clears an ITT of two devices once, as far as the larger of them says', () => {
    const shared = (first: number, second: number) => {
      const vm = new LiveIts().map(3, [], { bits: first }).map(4, [], { bits: second, ittAddr: new LiveIts().itt(3) })
      for (const eventId of [0, 3, 12, 40]) orphanIte(vm, 3, eventId)
      return seal(vm.its)
    }
    for (const [first, second] of [
      [5, 2],
      [2, 5],
      [5, 5],
    ] as const)
      expect(shared(first, second)).toMatchObject({ value: { cleared: 3 } })
  })

  it('may carry heads of ours, which no kernel minds', () => {
    const vm = new LiveIts().map(300, [9])
    expect(seal(vm.its, { heads: stampedHeads }).ok).toBe(true)
    expect(failing(vm)).toEqual([])
    expect(restoresUnder(vm.its, 'linux-7.3', { heads: stampedHeads }).restores).toBe('exactly')
  })
})

describe('what no bytes can help is listed, and is so', () => {
  const only413 = ['linux-4.13'] as const
  const holes = { indirect: true, l2Pages: [0, 2] }
  const fullTable = () => {
    const vm = new LiveIts().map(3, [1])
    for (let icid = 1; icid < 8192; icid++) vm.its.collections.set(icid, 0)
    return vm
  }
  const edge = (first: number) => new LiveIts().map(4, [first], { bits: 6, ittAddr: (RAM - 256) as Gpa })

  it.each<[string, () => LiveIts, readonly string[]]>([
    ['no-device', () => new LiveIts(), only413],
    ['no-event', () => new LiveIts().map(3, [1]).map(4), only413],
    ['full-collection-table', fullTable, only413],
    ['first-level-hole', () => new LiveIts(holes).map(3, [1]).map(20000, [1]), ['proposal-2024']],
  ])('%s', (name, make, kernels) => {
    const vm = make()
    expect(seal(vm.its)).toMatchObject({ ok: true, value: { limits: [{ name, profiles: kernels }] } })
    expect(failing(vm)).toEqual(kernels)
  })

  it('unmapped-collection', () => {
    const vm = new LiveIts().map(3, [1])
    vm.its.collections.set(6, -1)
    expect(seal(vm.its)).toMatchObject({ value: { limits: [{ name: 'unmapped-collection', icid: 6 }] } })
    expect(failing(vm)).toEqual([...only413, 'proposal-2017'])
  })

  it('shared-lpi: kernels that map an LPI once leave one of the events out', () => {
    const vm = new LiveIts({ quirks: withQuirks('lpi-mapped-by-many') }).map(3, [1]).map(4)
    vm.its.mapEvent(vm.its.devices.find(4), 1, 8193, 0, 0)
    const limits = [3, 4].map((deviceId) => ({ name: 'shared-lpi', deviceId, eventId: 1, profiles: ['linux-7.3.4'] }))
    expect(seal(vm.its)).toMatchObject({ value: { limits } })
    expect(failing(vm)).toEqual(['linux-7.3.4'])
  })

  it('vcpu-number: older kernels take RDbase for an index', () => {
    const vm = new LiveIts({ vcpuIds: [4, 0] }).map(3, [1])
    const sealed = seal(vm.its)
    const listed = sealed.ok
      ? sealed.value.limits.flatMap(({ name, profiles: kernels }) => (name === 'vcpu-number' ? kernels : []))
      : []
    expect(listed).toEqual([
      'linux-4.13',
      'linux-5.10',
      'linux-5.10.223',
      'linux-6.6',
      'linux-6.1.174',
      'linux-6.1.190',
      'linux-6.1.192',
      'proposal-2017',
    ])
    expect(failing(vm)).toEqual(listed)
  })

  it('table-outside-ram: the way to the first live entry', () => {
    expect(seal(edge(40).its)).toMatchObject({ value: { limits: [{ name: 'table-outside-ram', deviceId: 4 }] } })
    const vm = edge(40)
    seal(vm.its)
    expect(failing(vm)).toEqual(profileIds)
  })

  it('shared-entries: one ITT for two devices', () => {
    const vm = new LiveIts().map(3, [1])
    vm.map(4, [2], { ittAddr: vm.itt(3) })
    expect(seal(vm.its)).toMatchObject({ value: { limits: [{ name: 'shared-entries', deviceId: 4 }] } })
    expect(failing(vm)).toEqual(profileIds)
  })

  it.each([
    [[8195], [8195]],
    [[3, 16390], [3]],
    [[3], []],
  ])('shared-entries: devices %j with one page under first-level entries 0 and 1', (mapped, named) => {
    const vm = new LiveIts({ indirect: true, l2Pages: [0, 2] })
    vm.nameL2(1, 0)
    for (const deviceId of mapped) vm.map(deviceId, [1])
    const limits = named.map((deviceId) => expect.objectContaining({ name: 'shared-entries', deviceId }))
    expect(seal(vm.its)).toMatchObject({ value: { limits } })
    expect(failing(vm)).toEqual(named.length > 0 ? profileIds : [])
  })

  it.each([
    ['no device', []],
    ['a device whose entry is a CTE', [1]],
  ])('shared-entries: the device table lies over the collection table, with %s', (_what, mapped) => {
    const vm = new LiveIts({ deviceTablePages: 1 })
    const base = vm.its.deviceTable.base
    vm.its.setBaser(COLLECTION_BASER, GITS_BASER.pack({ valid: true, addressLow: base, pages: 0 }))
    vm.its.collections.set(0, 0)
    vm.its.collections.set(1, 0)
    for (const deviceId of mapped) vm.map(deviceId, [1])
    const sealed = seal(vm.its)
    expect(sealed).toMatchObject({
      value: { limits: expect.arrayContaining([expect.objectContaining({ name: 'shared-entries' })]) },
    })
    expect(failing(vm)).toEqual(profileIds)
  })

  it('detached-event: an event without a collection', () => {
    const vm = new LiveIts().map(3, [1, 2])
    vm.map(4, [5], { icid: 1 })
    vm.its.freeCollection(1)
    expect(seal(vm.its)).toMatchObject({
      value: {
        detached: 1,
        limits: [
          { name: 'detached-event', deviceId: 4, eventId: 5 },
          { name: 'no-event', deviceId: 4 },
        ],
      },
    })
    expect(failing(vm)).toEqual(profileIds)
  })
})
