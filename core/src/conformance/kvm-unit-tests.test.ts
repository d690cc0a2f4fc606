import { describe, expect, it } from 'vitest'
import { GITS, GITS_BASER, GITS_TYPER } from '../abi/index.ts'
import { Guest, PLACES } from '../its/testing/guest.ts'
import type { Gpa } from '../memory/index.ts'
import { restoreTables, savePendingTables, saveTables } from '../tables/index.ts'

/** Saves the guest, and restores it on another GIC with the same RAM, in the documented order. */
function migrate(guest: Guest): Guest {
  expect([saveTables(guest.its).ok, savePendingTables(guest.gic).ok]).toEqual([true, true])
  const vcpuIds = guest.gic.redistributors.map(({ vcpuId }) => vcpuId)
  const arrived = new Guest({ vcpuIds, memory: guest.memory, enabled: false })
  for (const vcpu of vcpuIds.keys()) arrived.gic.setEnableLpis(vcpu, guest.gic.redistributors[vcpu]!.enableLpis)
  arrived.gic.lpis.delivering = guest.gic.lpis.delivering
  for (const offset of [GITS.CBASER, GITS.BASER0, GITS.BASER1]) arrived.write(offset, guest.read(offset))
  arrived.its.creadr = guest.its.creadr
  arrived.its.cwriter = guest.its.cwriter
  arrived.adoptQueue()
  expect(restoreTables(arrived.its)).toMatchObject({ ok: true })
  arrived.write(GITS.CTLR, guest.read(GITS.CTLR))
  return arrived
}

/** Device 2, event 20: LPI 8195 on vCPU 3; device 7, event 255: LPI 8196 on vCPU 2. */
function prepared(): Guest {
  const guest = new Guest({ vcpuIds: [0, 1, 2, 3] })
  guest.configure(8195)
  guest.configure(8196)
  guest.mapDevice(2, 8)
  guest.mapDevice(7, 8)
  guest.run('MAPC', { icid: 3, rdBase: 3, valid: true })
  guest.run('MAPC', { icid: 2, rdBase: 2, valid: true })
  guest.run('INVALL', { icid: 2 })
  guest.run('INVALL', { icid: 3 })
  guest.run('MAPTI', { deviceId: 2, eventId: 20, pintid: 8195, icid: 3 })
  guest.run('MAPTI', { deviceId: 7, eventId: 255, pintid: 8196, icid: 2 })
  return guest
}

const takenEverywhere = (guest: Guest) => guest.cpus.map((_cpu, vcpu) => guest.take(vcpu))
const int = (guest: Guest, deviceId: number, eventId: number) => {
  guest.run('INT', { deviceId, eventId })
  return takenEverywhere(guest)
}
const nothing = [[], [], [], []]

describe('kvm-unit-tests its-introspection', () => {
  it('GITS_IIDR and GITS_TYPER are read-only', () => {
    const guest = new Guest()
    const before = [guest.read(GITS.IIDR), guest.read(GITS.TYPER)]
    guest.write(GITS.TYPER, 0n)
    expect([guest.read(GITS.IIDR), guest.read(GITS.TYPER)]).toEqual(before)
  })

  it('it has physical LPIs, and sizes that are not zero', () => {
    const { plpis, idBits, devBits, ittEntrySize } = GITS_TYPER.unpack(new Guest().read(GITS.TYPER))
    expect(plpis).toBe(true)
    expect(Math.min(idBits, devBits, ittEntrySize)).toBeGreaterThan(0)
  })

  it('a device and a collection BASER exist and take 64 KiB pages', () => {
    const guest = new Guest({ enabled: false })
    const basers = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => {
      guest.write(GITS.BASER0 + 8 * n, GITS_BASER.pack({ pageSize: 2 }))
      return GITS_BASER.unpack(guest.read(GITS.BASER0 + 8 * n))
    })
    expect(basers.map(({ type }) => type)).toEqual([1, 4, 0, 0, 0, 0, 0, 0])
    expect(basers.filter(({ type }) => type !== 0).map(({ pageSize }) => pageSize)).toEqual([2, 2])
  })
})

describe('kvm-unit-tests its-trigger', () => {
  it('INT delivers each LPI once, on its vCPU and nowhere else', () => {
    const guest = prepared()
    expect(int(guest, 2, 20)).toEqual([[], [], [], [8195]])
    expect(int(guest, 7, 255)).toEqual([[], [], [8196], []])
    expect(takenEverywhere(guest)).toEqual(nothing)
  })

  it('a disabled LPI is not delivered; enabled again without INV neither; INVALL delivers the pending one', () => {
    const guest = prepared()
    guest.configure(8195, { enable: false })
    guest.run('INV', { deviceId: 2, eventId: 20 })
    expect(int(guest, 2, 20)).toEqual(nothing)
    guest.configure(8195)
    expect(int(guest, 2, 20)).toEqual(nothing)
    guest.run('INVALL', { icid: 3 })
    expect(takenEverywhere(guest)).toEqual([[], [], [], [8195]])
    expect(int(guest, 2, 20)).toEqual([[], [], [], [8195]])
  })

  it('nothing is delivered for a device that was unmapped', () => {
    const guest = prepared()
    guest.run('MAPD', { deviceId: 2, valid: false })
    expect(int(guest, 2, 20)).toEqual(nothing)
  })
})

describe('kvm-unit-tests its-migration', () => {
  it('both LPIs are delivered on the same vCPUs after a migration', () => {
    const guest = migrate(prepared())
    expect(int(guest, 2, 20)).toEqual([[], [], [], [8195]])
    expect(int(guest, 7, 255)).toEqual([[], [], [8196], []])
  })
})

describe('kvm-unit-tests its-pending-migration', () => {
  it('pending bits of 256 LPIs, loaded by EnableLPIs, arrive: 128 on each of two vCPUs', () => {
    const guest = new Guest({ vcpuIds: [0, 1, 2, 3] })
    guest.mapDevice(2, 8)
    guest.run('MAPC', { icid: 2, rdBase: 2, valid: true })
    guest.run('MAPC', { icid: 3, rdBase: 3, valid: true })
    for (const vcpu of [2, 3]) guest.gic.setEnableLpis(vcpu, false)
    for (let n = 0; n < 256; n++) {
      guest.configure(8192 + n)
      guest.run('MAPTI', { deviceId: 2, eventId: n, pintid: 8192 + n, icid: 2 + (n & 1) })
      const at = (PLACES.pending(2 + (n & 1)) + Math.floor((8192 + n) / 8)) as Gpa
      guest.memory.setU8(at, guest.memory.u8(at) | (1 << (n & 7)))
    }
    for (const vcpu of [2, 3]) guest.gic.setEnableLpis(vcpu, true)
    const arrived = takenEverywhere(migrate(guest))
    expect(arrived.map((intids) => intids.length)).toEqual([0, 0, 128, 128])
    expect(arrived[2]!.every((intid) => intid % 2 === 0)).toBe(true)
  })
})

describe('kvm-unit-tests its-migrate-unmapped-collection', () => {
  it('an event of a collection that no MAPC mapped survives, and is delivered once one does', () => {
    const guest = prepared()
    guest.configure(8192)
    guest.run('MAPTI', { deviceId: 2, eventId: 0, pintid: 8192, icid: 0 })
    const arrived = migrate(guest)
    expect(int(arrived, 7, 255)).toEqual([[], [], [8196], []])
    expect(arrived.memory.u8(PLACES.configuration)).toBe(0xa1)
    arrived.run('MAPC', { icid: 0, rdBase: 0, valid: true })
    arrived.run('INVALL', { icid: 0 })
    expect(int(arrived, 2, 0)).toEqual([[8192], [], [], []])
  })
})
