import { describe, expect, it } from 'vitest'
import type { QuirkName } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { Guest, PLACES, RAM } from '../testing/guest.ts'
import { prepared } from '../testing/prepared.ts'

describe('MAPD', () => {
  it('maps a device with an empty ITT, forgetting what it had', () => {
    const guest = prepared()
    expect(guest.mapDevice(2, 7)).toEqual({ kind: 'done' })
    expect([guest.its.find(2, 1), guest.its.devices.bits[guest.its.devices.find(2)]]).toEqual([-1, 7])
  })

  it.each([2, 50])('with V=0 forgets device %i and clears its DTE, mapped before or not', (deviceId) => {
    const guest = prepared()
    guest.memory.setWord((PLACES.devices + deviceId * 8) as Gpa, 7, 0x8000_0000)
    expect(guest.run('MAPD', { deviceId, size: 31, valid: false })).toEqual({ kind: 'done' })
    expect([guest.its.devices.find(deviceId), guest.word(PLACES.devices + deviceId * 8)]).toEqual([-1, '0'.repeat(16)])
  })

  it('accepts an ITT outside RAM: its events are refused one by one', () => {
    const guest = prepared()
    expect(guest.run('MAPD', { deviceId: 4, size: 5, ittAddr: RAM + 0x100_0000 - 256, valid: true })).toEqual({ kind: 'done' })
    expect(guest.run('MAPTI', { deviceId: 4, eventId: 31, pintid: 8200, icid: 0 })).toEqual({ kind: 'done' })
    expect(guest.run('MAPTI', { deviceId: 4, eventId: 32, pintid: 8201, icid: 0 })).toMatchObject({ error: 'MAPTI_ID_OOR' })
  })

  it('looks for the DTE in the second level, and refuses where the first-level entry is not valid', () => {
    const guest = new Guest({ l2Pages: 1 })
    guest.memory.setWord((PLACES.l2 + 5 * 8) as Gpa, 7, 0x8000_0000)
    expect(guest.run('MAPD', { deviceId: 5, valid: false })).toEqual({ kind: 'done' })
    expect(guest.word(PLACES.l2 + 5 * 8)).toBe('0'.repeat(16))
    expect(guest.mapDevice(8192 + 5)).toMatchObject({ error: 'MAPD_DEVICE_OOR' })
  })

  it('keeps-unmapped: old kernels leave the DTE in guest RAM', () => {
    const guest = prepared(['keeps-unmapped'])
    guest.memory.setWord((PLACES.devices + 16) as Gpa, 7, 0x8000_0000)
    guest.run('MAPD', { deviceId: 2, valid: false })
    expect([guest.its.devices.find(2), guest.word(PLACES.devices + 16)]).toEqual([-1, '8000000000000007'])
  })
})

describe('a device of 32 EventID bits, which old kernels restore', () => {
  it('has events of 30 bits and more, whose entries are those of lower ones', () => {
    const guest = prepared()
    const itt = RAM + 0x8_0000
    guest.its.addDevice(9, itt, 32)
    guest.memory.setWord((itt + 3 * 8) as Gpa, 7, 7)
    expect(guest.run('MAPTI', { deviceId: 9, eventId: 0x2000_0003, pintid: 8203, icid: 0 })).toEqual({ kind: 'done' })
    expect(guest.msi(9, 0x2000_0003)).toBe(1)
    expect(guest.msi(9, 3)).toBe(0)
    expect(guest.run('DISCARD', { deviceId: 9, eventId: 0x2000_0003 })).toEqual({ kind: 'done' })
    expect(guest.word(itt + 3 * 8)).toBe('0'.repeat(16))
  })
})

describe('MAPC', () => {
  it('maps a collection, and retargets its LPIs when it was mapped before', () => {
    const guest = prepared()
    expect(guest.run('MAPC', { icid: 1, rdBase: 9, valid: true })).toEqual({ kind: 'done' })
    expect(guest.gic.lpis.target(8193)).toBe(2)
  })

  it('heals events of a collection that MAPTI made known', () => {
    const guest = prepared()
    expect(guest.msi(2, 3)).toBe(0)
    guest.run('MAPC', { icid: 7, rdBase: 1, valid: true })
    expect([guest.msi(2, 3), guest.take(1)]).toEqual([1, [8193, 8195]])
  })

  it('with V=0 forgets the collection; its events stay, in none, and no MAPC heals them', () => {
    const guest = prepared()
    expect(guest.run('MAPC', { icid: 1, valid: false })).toEqual({ kind: 'done' })
    const index = guest.its.find(2, 1)
    expect([guest.its.events.icid(index), guest.its.collections.has(1), guest.msi(2, 1)]).toEqual([-1, false, 0])
    guest.run('MAPC', { icid: 1, rdBase: 1, valid: true })
    expect(guest.msi(2, 1)).toBe(0)
  })

  it('with V=0 does not look at RDbase; mapc-unmap-checks-target: old kernels did', () => {
    expect(prepared().run('MAPC', { icid: 1, rdBase: 77, valid: false })).toEqual({ kind: 'done' })
    const old = prepared(['mapc-unmap-checks-target'])
    expect(old.run('MAPC', { icid: 1, rdBase: 77, valid: false })).toMatchObject({ error: 'MAPC_PROCNUM_OOR' })
    expect(old.its.collections.has(1)).toBe(true)
  })

  it('target-is-index: old kernels take RDbase for the index of a vCPU', () => {
    const guest = prepared(['target-is-index'])
    expect(guest.run('MAPC', { icid: 1, rdBase: 9, valid: true })).toMatchObject({ error: 'MAPC_PROCNUM_OOR' })
    expect(guest.run('MAPC', { icid: 1, rdBase: 2, valid: true })).toEqual({ kind: 'done' })
    expect(guest.its.collections.target(1)).toBe(2)
  })
})

describe('MAPTI and MAPI', () => {
  it('leave an event that is mapped as it is', () => {
    const guest = prepared()
    expect(guest.run('MAPTI', { deviceId: 2, eventId: 1, pintid: 8222, icid: 0 })).toEqual({ kind: 'done' })
    expect(guest.its.events.lpi(guest.its.find(2, 1))).toBe(8193)
  })

  it('make an unknown collection known, not mapped', () => {
    const guest = prepared()
    expect(guest.run('MAPTI', { deviceId: 2, eventId: 9, pintid: 8209, icid: 40 })).toEqual({ kind: 'done' })
    expect([guest.its.collections.order, guest.its.collections.target(40)]).toEqual([[0, 1, 2, 7, 40], -1])
  })

  it('MAPI takes the EventID for the LPI', () => {
    const guest = prepared()
    guest.mapDevice(5, 14)
    expect(guest.run('MAPI', { deviceId: 5, eventId: 8203, icid: 0 })).toEqual({ kind: 'done' })
    expect([guest.msi(5, 8203), guest.take(0)]).toEqual([1, [8203]])
  })

  it('reach as far as GICR_PROPBASER.IDbits', () => {
    const guest = new Guest({ vcpuIds: [0], enabled: false })
    guest.gicr(0, 0x70, BigInt(PLACES.configuration) | 13n)
    guest.enable()
    guest.mapCollections().mapDevice(1)
    expect(guest.run('MAPTI', { deviceId: 1, eventId: 0, pintid: 16383, icid: 0 })).toEqual({ kind: 'done' })
    expect(guest.run('MAPTI', { deviceId: 1, eventId: 1, pintid: 16384, icid: 0 })).toMatchObject({
      error: 'MAPTI_PHYSICALID_OOR',
    })
  })

  it('fail with EFAULT when the configuration byte is not in RAM, and forget a collection they made', () => {
    const guest = new Guest({ vcpuIds: [0], enabled: false })
    guest.gicr(0, 0x70, 0x1000_000fn)
    guest.enable()
    guest.mapDevice(1)
    expect(guest.run('MAPTI', { deviceId: 1, eventId: 0, pintid: 8192, icid: 3 })).toMatchObject({
      kind: 'failed',
      errno: 'EFAULT',
    })
    expect([guest.its.find(1, 0), guest.its.collections.order, guest.gic.lpis.first()]).toEqual([-1, [], 0])
  })

  it('failed-mapti-leaks-lpi: before 5.7 a second one of the same LPI succeeded, with a configuration that nobody had read', () => {
    const guest = new Guest({ vcpuIds: [0], enabled: false, quirks: ['failed-mapti-leaks-lpi', 'lpi-mapped-by-many'] })
    guest.gicr(0, 0x70, 0x1000_000fn)
    guest.enable()
    guest.mapDevice(1)
    const mapti = () => guest.run('MAPTI', { deviceId: 1, eventId: 0, pintid: 8192, icid: 3 })
    expect([mapti(), mapti()]).toMatchObject([{ errno: 'EFAULT' }, { kind: 'done' }])
    expect([guest.its.find(1, 0) >= 0, guest.gic.lpis.isEnabled(8192)]).toEqual([true, false])
  })

  it('refuse an LPI that an event has, whatever its device, and leave no collection behind', () => {
    const guest = prepared()
    const known = [...guest.its.collections.order]
    for (const icid of [0, 9]) {
      expect(guest.run('MAPTI', { deviceId: 2, eventId: 8, pintid: 8193, icid })).toMatchObject({
        kind: 'failed',
        errno: 'EEXIST',
      })
    }
    expect([guest.its.find(2, 8), guest.its.collections.order]).toEqual([-1, known])
    guest.run('DISCARD', { deviceId: 2, eventId: 1 })
    guest.run('MAPTI', { deviceId: 2, eventId: 8, pintid: 8193, icid: 0 })
    expect([guest.msi(2, 8), guest.take(1), guest.take(0)]).toEqual([1, [], [8193]])
  })

  it('give an LPI that only waits in a queue the target of the event that maps it', () => {
    const taken = (...quirks: QuirkName[]) => {
      const guest = prepared(quirks)
      guest.run('DISCARD', { deviceId: 2, eventId: 1 })
      guest.run('MAPTI', { deviceId: 2, eventId: 8, pintid: 8193, icid: 0 })
      return [guest.take(1), guest.take(0)]
    }
    expect(taken()).toEqual([[], [8193]])
    expect(taken('lpi-mapped-by-many')).toEqual([[8193], []])
  })

  it('lpi-mapped-by-many: share an LPI between events; it lives until the last one goes', () => {
    const guest = prepared(['lpi-mapped-by-many'])
    guest.run('MAPTI', { deviceId: 2, eventId: 8, pintid: 8193, icid: 0 })
    expect(guest.take(1)).toEqual([8193])
    guest.run('DISCARD', { deviceId: 2, eventId: 1 })
    expect([guest.msi(2, 8), guest.take(1), guest.take(0)]).toEqual([1, [8193], []])
    guest.run('DISCARD', { deviceId: 2, eventId: 8 })
    expect(guest.gic.lpis.find(8193)).toBe(0)
  })

  it('read the pending bit of a new LPI and clear it in RAM', () => {
    const guest = prepared()
    guest.memory.setU8((PLACES.pending(0) + 1026) as Gpa, 0b110)
    guest.run('MAPTI', { deviceId: 2, eventId: 9, pintid: 8209, icid: 0 })
    expect([guest.take(0), guest.memory.u8((PLACES.pending(0) + 1026) as Gpa)]).toEqual([[8209], 0b100])
  })

  it('mapti-itt-unchecked: old kernels map an event whose ITE could not be saved', () => {
    const guest = prepared(['mapti-itt-unchecked'])
    guest.run('MAPD', { deviceId: 4, size: 3, ittAddr: 0x1000, valid: true })
    expect(guest.run('MAPTI', { deviceId: 4, eventId: 15, pintid: 8200, icid: 0 })).toEqual({ kind: 'done' })
    expect(guest.run('MAPTI', { deviceId: 4, eventId: 16, pintid: 8201, icid: 0 })).toMatchObject({ error: 'MAPTI_ID_OOR' })
  })
})
