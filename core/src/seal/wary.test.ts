import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GICR_PROPBASER, type GicRegisters, profiles } from '../abi/index.ts'
import { setScene } from '../audit/index.ts'
import { openFixture } from '../formats/testing/fixtures.ts'
import { COLLECTION_BASER, DEVICE_BASER, Gic, Its } from '../its/index.ts'
import type { GuestMemory } from '../memory/index.ts'
import { runs } from '../memory/testing/runs.ts'
import { footprint, restoreTables, saveTables, sweepTables, viewOf } from '../tables/index.ts'
import { histories, lived } from '../tables/testing/guest.ts'
import { LiveIts, stateOf } from '../tables/testing/live-its.ts'
import { newest, withQuirks } from '../tables/testing/planted.ts'
import { doubts, type KnownMappings, restoreWarily, stateDifference, successor, type WaryOutcome } from './index.ts'
import { eachEvent } from './live.ts'

/** What an ITS itself has mapped, as the perfect witness. */
function truth({ devices, events }: Its, its: Its): KnownMappings {
  const eventIds = (deviceId: number) => {
    const ids: number[] = []
    const slot = devices.find(deviceId)
    if (slot >= 0) eachEvent(its, slot, (eventId, index) => events.icid(index) >= 0 && ids.push(eventId))
    return ids
  }
  const ids: number[] = []
  for (let slot = devices.first(); slot >= 0; slot = devices.after(slot)) ids.push(devices.deviceId[slot]!)
  return {
    deviceIds: ids,
    eventIds,
    device: (deviceId) => ({ belief: ids.includes(deviceId) ? 'live' : 'dead' }),
    eventBelief: (deviceId, eventId) => (eventIds(deviceId).includes(eventId) ? 'live' : 'dead'),
  }
}

const doubtsOf = (outcome: WaryOutcome) => (outcome.ok ? [] : outcome.doubts)

const orphan = (vm: LiveIts, deviceId: number, next: number) =>
  vm.memory.setWord(vm.dteAt(deviceId), (vm.itt(deviceId) >>> 3) | 4, 0x8000_0000 | (next << 17))

describe('a wary restore', () => {
  it('restores clean tables without knowing anything', () => {
    const vm = new LiveIts().map(3, [1, 2]).map(9, [4])
    saveTables(vm.its)
    const other = vm.successor()
    expect(restoreWarily(other.its)).toMatchObject({ ok: true, value: { devices: 2, events: 3, ignored: 0, unvouched: 5 } })
    expect(stateOf(other.its)).toEqual(stateOf(vm.its))
  })

  it('refuses what it may not look at whole, and restores what it may', () => {
    const vm = new LiveIts().map(3, [1, 2]).map(9, [4])
    saveTables(vm.its)
    const none = { collection: () => {}, device: () => {}, event: () => {} }
    const { work } = sweepTables(vm.its.memory, viewOf(vm.its), none)
    for (const mostWork of [100, work - 1]) {
      const other = vm.successor()
      expect(restoreWarily(other.its, undefined, mostWork)).toMatchObject({ errno: 'EINVAL', doubts: [{ name: 'too-many' }] })
      expect(stateOf(other.its)).toEqual({ devices: [], collections: [] })
    }
    expect(restoreWarily(vm.successor().its, undefined, work).ok).toBe(true)
  })

  it('refuses when an entry may hide others, and names what it does not reach', () => {
    const vm = new LiveIts().map(20, [3])
    saveTables(vm.its)
    orphan(vm, 5, 0)
    expect(restoreTables(vm.successor().its)).toMatchObject({ ok: true, value: { devices: 1, events: 0 } })
    const other = vm.successor()
    expect(restoreWarily(other.its)).toEqual({
      ok: false,
      errno: 'EINVAL',
      reason: doubts.unreached,
      where: { what: 'DTE', at: vm.dteAt(20), deviceId: 20 },
      doubts: [{ name: 'unreached', where: { what: 'DTE', at: vm.dteAt(20), deviceId: 20 } }],
    })
    expect(stateOf(other.its)).toEqual({ devices: [], collections: [] })
  })

  it('passes over what it knows to be dead, and leaves it in RAM', () => {
    const vm = new LiveIts().map(20, [3])
    saveTables(vm.its)
    orphan(vm, 5, 0)
    const other = vm.successor()
    expect(restoreWarily(other.its, truth(vm.its, vm.its))).toMatchObject({
      ok: true,
      value: { devices: 1, ignored: 1, unvouched: 0 },
    })
    expect(stateOf(other.its)).toEqual(stateOf(vm.its))
    expect(other.word(other.dteAt(5)).slice(0, 4)).toBe('8000')
  })

  it('refuses when a mapping that is known to live does not come back', () => {
    const vm = new LiveIts().map(20, [3])
    saveTables(vm.its)
    vm.map(30, [1])
    const doubtful = restoreWarily(vm.successor().its, truth(vm.its, vm.its))
    expect(doubtsOf(doubtful)).toEqual([
      { name: 'missing', where: { what: 'DTE', deviceId: 30 } },
      { name: 'missing', where: { what: 'ITE', deviceId: 30, eventId: 1 } },
    ])
  })

  /** Devices 3 and 4, each with an event 1 that has LPI 8193, on a kernel that allows it. */
  function sharing(): LiveIts {
    const vm = new LiveIts({ quirks: withQuirks('lpi-mapped-by-many') }).map(3, [1]).map(4)
    vm.its.mapEvent(vm.its.devices.find(4), 1, 8193, 0, 0)
    saveTables(vm.its)
    return vm
  }

  it('refuses when two events claim an LPI, unless both are known to live', () => {
    const vm = sharing()
    expect(restoreWarily(vm.successor().its)).toMatchObject({
      ok: false,
      doubts: [{ name: 'claimed-twice', where: { deviceId: 4 } }],
    })
    expect(restoreWarily(vm.successor().its, truth(vm.its, vm.its)).ok).toBe(true)
  })

  it('refuses when two live events have an LPI, or an event of another ITS has it, where the kernel maps an LPI once', () => {
    const vm = sharing()
    expect(doubtsOf(restoreWarily(vm.successor(newest).its, truth(vm.its, vm.its)))).toMatchObject([
      { name: 'claimed-twice', where: { deviceId: 4 } },
    ])
    const one = new LiveIts().map(3, [1])
    saveTables(one.its)
    const next = one.successor()
    next.gic.mapLpi(8193, 0)
    expect(doubtsOf(restoreWarily(next.its))).toMatchObject([{ name: 'claimed-twice', where: { deviceId: 3 } }])
  })

  it('refuses when two devices share an ITT', () => {
    const vm = new LiveIts().map(3, [1])
    vm.map(4, [], { ittAddr: vm.itt(3), bits: 1 })
    saveTables(vm.its)
    expect(restoreWarily(vm.successor().its)).toMatchObject({
      doubts: expect.arrayContaining([{ name: 'shared-itt', where: { deviceId: 4 } }]),
    })
  })

  it('refuses when a device that it reaches has an event that it does not reach', () => {
    const vm = new LiveIts().map(3, [1, 9])
    saveTables(vm.its)
    vm.memory.setWord(vm.iteAt(3, 5), (8197 << 16) | 0, 0)
    expect(doubtsOf(restoreWarily(vm.successor().its))).toEqual([
      { name: 'unreached', where: { what: 'ITE', at: vm.iteAt(3, 5), deviceId: 3, eventId: 5 } },
    ])
    expect(restoreWarily(vm.successor().its, truth(vm.its, vm.its))).toMatchObject({ ok: true, value: { ignored: 1 } })
  })

  it('refuses a dispute over a device or an event that lies in the tables, and names it', () => {
    const vm = new LiveIts().map(3, [1]).map(4, [2])
    saveTables(vm.its)
    const known = truth(vm.its, vm.its)
    const devices: KnownMappings = { ...known, device: (id) => (id === 4 ? { belief: 'disputed' } : known.device(id)) }
    const events: KnownMappings = {
      ...known,
      eventBelief: (deviceId, eventId) => (deviceId === 3 ? 'disputed' : known.eventBelief(deviceId, eventId)),
    }
    expect(doubtsOf(restoreWarily(vm.successor().its, devices))).toEqual([
      { name: 'disputed', where: { what: 'DTE', at: vm.dteAt(4), deviceId: 4 } },
    ])
    expect(doubtsOf(restoreWarily(vm.successor().its, events))).toEqual([
      { name: 'disputed', where: { what: 'ITE', at: vm.iteAt(3, 1), deviceId: 3, eventId: 1 } },
    ])
  })

  it('passes over the events of a dead device with it, whatever they say, and counts one entry', () => {
    const vm = new LiveIts().map(3, [1])
    const dead = new LiveIts({ memory: vm.memory }).map(3, [1]).map(9, [1, 2])
    saveTables(dead.its)
    expect(restoreWarily(vm.successor().its, truth(vm.its, vm.its))).toMatchObject({ ok: true, value: { ignored: 1, events: 1 } })
  })

  it('does not miss an event that is known to be dead, nor a device', () => {
    const vm = new LiveIts().map(3, [1])
    saveTables(vm.its)
    const known: KnownMappings = { ...truth(vm.its, vm.its), deviceIds: [3, 5], eventIds: (id) => (id === 3 ? [1, 2] : [7]) }
    expect(restoreWarily(vm.successor().its, known).ok).toBe(true)
  })

  it('names the LPI of two events when one of the two is not known to live', () => {
    const vm = sharing()
    for (const unknown of [3, 4]) {
      const known = truth(vm.its, vm.its)
      const half: KnownMappings = {
        ...known,
        eventBelief: (deviceId, eventId) => (deviceId === unknown ? 'unknown' : known.eventBelief(deviceId, eventId)),
      }
      expect(doubtsOf(restoreWarily(vm.successor().its, half))).toEqual([
        { name: 'claimed-twice', where: { what: 'ITE', at: vm.iteAt(4, 1), deviceId: 4, eventId: 1 } },
      ])
    }
  })

  it('refuses what KVM refuses, with its objection', () => {
    const vm = new LiveIts().map(3, [1])
    saveTables(vm.its)
    vm.memory.setWord(vm.iteAt(3, 1), 7 << 16, 0)
    expect(restoreWarily(vm.successor().its)).toMatchObject({
      errno: 'EINVAL',
      doubts: [{ name: 'objection', objection: 'ite-pintid', where: { what: 'ITE', deviceId: 3, eventId: 1 } }],
    })
  })

  it('refuses with the errno of KVM when an LPI cannot be mapped', () => {
    const vm = new LiveIts().map(20, [3])
    saveTables(vm.its)
    const other = vm.successor()
    other.gic.setPropbaser(GICR_PROPBASER.pack({ address: 0x9000_0000, idBits: 15 }))
    expect(restoreWarily(other.its)).toMatchObject({ ok: false, errno: 'EFAULT', doubts: [{ name: 'objection' }] })
    expect(stateOf(other.its)).toEqual({ devices: [], collections: [] })
  })

  it('with the truth beside it brings back exactly the state that was saved, whatever the guest did, or refuses', () => {
    let restored = 0
    fc.assert(
      fc.property(histories, (history) => {
        const vm = lived(history, profiles['linux-6.6'].quirks)
        const saved = saveTables(vm.its)
        if (!saved!.ok) return
        const other = successor(vm.its, 'linux-7.3')
        if (!restoreWarily(other, truth(vm.its, vm.its)).ok) return
        restored++
        if (saved!.value.detached === 0) expect(stateDifference(vm.its, other)).toBeUndefined()
      }),
      { numRuns: runs(200) },
    )
    expect(restored).toBeGreaterThan(runs(100))
  })
})

describe('real VMs, restored warily', () => {
  it.each<[string, number, number]>([
    ['healthy', 9, 22],
    ['churned', 7, 15],
    ['ghosts', 7, 15],
    ['unrestorable', 4, 13],
    ['scattered-clean', 25, 114],
    ['scattered-unrestorable', 20, 91],
    ['scattered-partly-repaired', 20, 91],
  ])(
    '%s: with its command queue as the witness, %i devices and %i events, as the guest has them',
    async (name, devices, events) => {
      const { its, beliefs } = await opened(name)
      expect(restoreWarily(its, beliefs)).toMatchObject({ ok: true, value: { devices, events } })
    },
  )

  it('wrapped: refused, because a function that is off may still have the device mapped that no restore reaches', async () => {
    const { its, queueOnly, beliefs } = await opened('wrapped')
    for (const known of [queueOnly, beliefs]) {
      expect(restoreWarily(its, known)).toMatchObject({ ok: false, doubts: [{ name: 'unreached', where: { deviceId: 40 } }] })
    }
  })

  it.each(['ghosts', 'unrestorable', 'scattered-unrestorable', 'scattered-partly-repaired', 'wrapped'])(
    '%s: refused without a witness',
    async (name) => {
      const { its } = await opened(name)
      expect(restoreWarily(its).ok).toBe(false)
    },
  )
})

async function opened(name: string) {
  const machine = await openFixture(name)
  const memory = machine.memory()
  for (let ranges = footprint(memory, machine.registers); ranges.length > 0; ranges = footprint(memory, machine.registers)) {
    await machine.load(memory, ranges)
  }
  const { registers, msi } = machine
  return {
    its: programmed(memory, registers),
    queueOnly: setScene({ memory, registers }).beliefs,
    beliefs: setScene({ memory, registers, msi }).beliefs,
  }
}

function programmed(memory: GuestMemory, { itses: [saved], redistributors }: GicRegisters): Its {
  const gic = new Gic({ memory, vcpuIds: redistributors.map(({ vcpuId }) => vcpuId) })
  const its = new Its(gic)
  gic.setPropbaser(redistributors[0]!.propbaser)
  for (const [vcpu, { pendbaser }] of redistributors.entries()) gic.setPendbaser(vcpu, pendbaser)
  its.setBaser(DEVICE_BASER, saved!.baser[0]!)
  its.setBaser(COLLECTION_BASER, saved!.baser[1]!)
  return its
}
