import { describe, expect, it } from 'vitest'
import { DTE, DTE_NEXT_CAP, GITS_BASER } from '../abi/index.ts'
import { COLLECTION_BASER, DEVICE_BASER } from '../its/index.ts'
import type { Gpa } from '../memory/index.ts'
import { saveTables } from './index.ts'
import { LiveIts } from './testing/live-its.ts'
import { RAM, withQuirks } from './testing/planted.ts'

describe('saving the tables', () => {
  it('writes ITEs, DTEs and CTEs linked by next, and ends the collections with one zero entry', () => {
    const vm = new LiveIts({ vcpuIds: [0, 5] }).map(3, [1, 9], { bits: 5 }).map(35)
    vm.its.collections.set(7, 1)
    vm.its.collections.set(2, -1)
    expect(saveTables(vm.its)).toEqual({
      ok: true,
      value: { collections: 3, devices: 2, events: 2, unstorable: [], detached: 0 },
    })
    expect(vm.word(vm.iteAt(3, 1))).toBe('0008000020010000')
    expect(vm.word(vm.iteAt(3, 9))).toBe('0000000020090000')
    expect(vm.word(vm.dteAt(3))).toBe((0x8040_0000_0000_0004n | (BigInt(vm.itt(3)) >> 3n)).toString(16))
    expect(vm.word(vm.dteAt(35))).toBe((0x8000_0000_0000_0004n | (BigInt(vm.itt(35)) >> 3n)).toString(16))
    const ctes = [0, 8, 16, 24].map((offset) => vm.word((vm.collectionTable + offset) as Gpa))
    expect(ctes).toEqual(['8000000000000000', '8000000000050007', '8000ffffffff0002', '0000000000000000'])
  })

  it('cuts next at 2^14 - 1 in a DTE and at 2^16 - 1 in an ITE', () => {
    const vm = new LiveIts().map(1).map(40000).map(2, [0, 65535], { bits: 16 })
    saveTables(vm.its)
    expect(vm.word(vm.dteAt(2)).slice(0, 4)).toBe('fffe')
    expect(vm.word(vm.iteAt(2, 0)).slice(0, 4)).toBe('ffff')
  })

  it('counts next in DeviceIDs, from one second-level page into another', () => {
    const vm = new LiveIts({ indirect: true, l2Pages: [0, 1, 3] }).map(8191).map(8192).map(24577).map(24578)
    saveTables(vm.its)
    const next = [8191, 8192, 24577, 24578].map(
      (deviceId) => DTE.decode(vm.memory.u32(vm.dteAt(deviceId)), vm.memory.u32((vm.dteAt(deviceId) + 4) as Gpa)).next,
    )
    expect(next).toEqual([1, DTE_NEXT_CAP, 1, 0])
  })

  it('leaves what lay there before, everywhere that it does not write', () => {
    const vm = new LiveIts().map(3, [1])
    vm.memory.setWord(vm.dteAt(2), 1, 0x8000_0000)
    vm.memory.setWord(vm.iteAt(3, 0), 0x2000_0000, 0)
    vm.memory.setWord((vm.collectionTable + 16) as Gpa, 5, 0x8000_0000)
    saveTables(vm.its)
    expect([vm.word(vm.dteAt(2)), vm.word(vm.iteAt(3, 0))]).toEqual(['8000000000000001', '0000000020000000'])
    expect(vm.word((vm.collectionTable + 16) as Gpa)).toBe('8000000000000005')
  })

  it('marks exactly the pages it writes as dirty', () => {
    const vm = new LiveIts().map(3, [0, 1000], { bits: 10 })
    vm.memory.clearDirty()
    saveTables(vm.its)
    const pageOf = (at: number) => at - (at % 4096)
    const pages = [vm.dteAt(3), vm.collectionTable, vm.iteAt(3, 0), vm.iteAt(3, 1000)].map(pageOf)
    expect(vm.memory.dirtyPages()).toEqual(pages.sort((a, b) => a - b))
  })

  it('passes over a device without a place, and so does next', () => {
    const vm = new LiveIts({ indirect: true, l2Pages: [0, 1, 2] }).map(5).map(9000).map(16385)
    vm.dropL2(1)
    expect(saveTables(vm.its)).toMatchObject({ value: { devices: 2, unstorable: [9000] } })
    expect(vm.word(vm.dteAt(5)).slice(0, 4)).toBe((0x8000 + (16385 - 5) * 2).toString(16))
  })

  it('looks for the place of each device anew when an ITT lies over the first level', () => {
    const vm = new LiveIts({ indirect: true })
    vm.map(5, [0], { ittAddr: vm.its.deviceTable.base as Gpa, bits: 1, icid: 1 }).map(9)
    vm.its.freeCollection(1)
    expect(saveTables(vm.its)).toMatchObject({ value: { devices: 1, detached: 1, unstorable: [9] } })
  })

  it('has nothing to save in a table whose BASER is not Valid', () => {
    const vm = new LiveIts().map(3, [1])
    for (const table of [DEVICE_BASER, COLLECTION_BASER] as const) vm.its.setBaser(table, vm.its.baser(table) & ~(1n << 63n))
    vm.memory.clearDirty()
    expect(saveTables(vm.its)).toMatchObject({ ok: true, value: { devices: 0, collections: 0 } })
    expect(vm.memory.dirtyPages()).toEqual([])
  })

  it('writes no terminator behind a table that is full', () => {
    const vm = new LiveIts()
    for (let icid = 0; icid < 8192; icid++) vm.its.collections.set(icid, 0)
    vm.memory.setWord((vm.collectionTable + 0x10000) as Gpa, 7, 7)
    expect(saveTables(vm.its)).toMatchObject({ value: { collections: 8192 } })
    expect(vm.word((vm.collectionTable + 0x10000) as Gpa)).toBe('0000000700000007')
  })

  it('leaves half a save behind when an ITT is gone: what came before is written, the rest is not', () => {
    const vm = new LiveIts()
      .map(3, [1])
      .map(4, [1, 2], { ittAddr: 0x1000 as Gpa })
      .map(5, [1])
    const answer = saveTables(vm.its)
    expect(answer).toMatchObject({ errno: 'EFAULT', where: { what: 'ITE', deviceId: 4, eventId: 1, at: 0x1008 } })
    const written = [3, 4, 5].map((deviceId) => vm.word(vm.dteAt(deviceId)) !== '0'.repeat(16))
    expect(written).toEqual([true, false, false])
    expect(vm.word(vm.collectionTable)).toBe('0'.repeat(16))
  })

  it('writes an event whose collection is gone as a zero entry that no next names', () => {
    const vm = new LiveIts().map(3, [1, 4, 6])
    vm.its.collections.set(1, 0)
    vm.its.events.setIcid(vm.its.events.find(vm.its.devices.find(3), 4), 1)
    vm.its.freeCollection(1)
    vm.memory.setWord(vm.iteAt(3, 4), 0xffff_0000, 0xffff)
    expect(saveTables(vm.its)).toMatchObject({ value: { events: 2 } })
    expect([1, 4, 6].map((eventId) => vm.word(vm.iteAt(3, eventId)))).toEqual([
      '0005000020010000',
      '0000000000000000',
      '0000000020060000',
    ])
  })
})

describe('an EventID of 30 bits or more, which a DTE that old kernels restore unchecked allows', () => {
  it('has the entry of a lower one: KVM multiplies in 32 bits', () => {
    const vm = new LiveIts().map(3, [], { bits: 32 })
    vm.its.mapEvent(vm.its.devices.find(3), 0x2000_0003, 8203, 0, 0)
    vm.its.mapEvent(vm.its.devices.find(3), 0xe000_0005, 8205, 0, 0)
    expect(saveTables(vm.its)).toMatchObject({ ok: true, value: { events: 2 } })
    expect(vm.word(vm.iteAt(3, 3))).toBe('ffff0000200b0000')
    expect(vm.word(vm.iteAt(3, 5))).toBe('00000000200d0000')
  })
})

describe('how older kernels save', () => {
  const detached = (...names: Parameters<typeof withQuirks>) => {
    const vm = new LiveIts({ quirks: withQuirks(...names) }).map(3, [1, 4, 6])
    vm.its.events.setIcid(vm.its.events.find(vm.its.devices.find(3), 4), 1)
    vm.its.collections.set(1, 0)
    vm.its.freeCollection(1)
    return vm
  }

  it('before 7.2 next names the zero entry of an event without collection', () => {
    const vm = detached('next-names-zero-ite')
    saveTables(vm.its)
    expect(vm.word(vm.iteAt(3, 1))).toBe('0003000020010000')
  })

  it('before c6c156d931c3 such an event kills the host, after the entries before it were written', () => {
    const vm = detached('next-names-zero-ite', 'null-collection-oops')
    expect(saveTables(vm.its)).toMatchObject({ ok: false, reason: expect.stringContaining('NULL'), where: { eventId: 4 } })
    expect(vm.word(vm.iteAt(3, 1))).toBe('0003000020010000')
  })

  it('before 7.3 a device without a place fails the save with EINVAL; next names it', () => {
    const options = { indirect: true, l2Pages: [0, 1], quirks: withQuirks('save-refuses-unreachable-device') }
    const vm = new LiveIts(options).map(5).map(9000)
    vm.dropL2(1)
    expect(saveTables(vm.its)).toMatchObject({ errno: 'EINVAL', where: { deviceId: 9000 } })
    expect(vm.word(vm.dteAt(5)).slice(0, 4)).toBe((0x8000 + (9000 - 5) * 2).toString(16))
  })

  it('4.13 saves tables whose BASER is not Valid: EFAULT at the address left there, unless that is 0', () => {
    const invalid = (addressLow: number) => {
      const vm = new LiveIts({ quirks: withQuirks('save-invalid-baser') })
      vm.its.setBaser(DEVICE_BASER, 0n)
      vm.its.setBaser(COLLECTION_BASER, GITS_BASER.pack({ addressLow }))
      return saveTables(vm.its)
    }
    expect(invalid(0x10000)).toMatchObject({ errno: 'EFAULT', where: { what: 'CTE', at: 0x10000 } })
    expect(invalid(0)).toMatchObject({ ok: true })
  })

  const shrunk = (...names: Parameters<typeof withQuirks>) => {
    const vm = new LiveIts({ quirks: withQuirks(...names) })
    for (let icid = 0; icid < 8193; icid++) vm.its.collections.set(icid, 0)
    vm.memory.setWord((vm.collectionTable + 0x10008) as Gpa, 7, 7)
    return { answer: saveTables(vm.its), past: [0, 8].map((o) => vm.word((vm.collectionTable + 0x10000 + o) as Gpa)) }
  }

  it('more collections than the table holds: written past its end, refused by 7.2, kept inside it otherwise', () => {
    const untouched = ['0'.repeat(16), '0000000700000007']
    expect(shrunk('ctes-past-table').past).toEqual(['8000000000002000', '0'.repeat(16)])
    expect(shrunk('save-refuses-too-many-collections')).toMatchObject({ answer: { errno: 'EINVAL' }, past: untouched })
    expect(shrunk()).toMatchObject({ answer: { ok: true, value: { collections: 8192 } }, past: untouched })
  })

  it('an LPI that hardware delivers is EACCES without GICv4.1, and on 5.12 and before with it', () => {
    const forwarded = (...names: Parameters<typeof withQuirks>) => {
      const vm = new LiveIts({ quirks: withQuirks(...names) }).map(3, [1, 2])
      vm.gic.lpis.forwarding = { setPending() {}, retarget() {}, configure() {}, unmap() {} }
      vm.gic.lpis.setForwarded(vm.gic.lpis.find(8194), true)
      return vm
    }
    const vm = forwarded()
    expect(saveTables(vm.its)).toMatchObject({ errno: 'EACCES', where: { deviceId: 3, eventId: 2 } })
    expect(vm.word(vm.iteAt(3, 1))).toBe('0001000020010000')
    expect(saveTables(vm.its, { gicv41: true })).toMatchObject({ ok: true })
    expect(saveTables(forwarded('no-gicv41-save').its, { gicv41: true })).toMatchObject({ errno: 'EACCES' })
  })
})

describe('an ITT at the edge of RAM', () => {
  it('is saved as far as it is in RAM', () => {
    const vm = new LiveIts().map(3, [31, 32], { bits: 6, ittAddr: (RAM + 0x100_0000 - 256) as Gpa })
    expect(saveTables(vm.its)).toMatchObject({ errno: 'EFAULT', where: { at: RAM + 0x100_0000 } })
    expect(vm.word((RAM + 0x100_0000 - 8) as Gpa)).toBe('00010000201f0000')
  })
})
