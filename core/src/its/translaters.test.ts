import { describe, expect, it, test } from 'vitest'
import { GITS, type QuirkName } from '../abi/index.ts'
import { errnos } from '../memory/index.ts'
import { Guest, ITS_BASE, TRANSLATER } from './testing/guest.ts'

const { EBUSY, EINVAL } = errnos

function mapped(quirks: readonly QuirkName[] = []): Guest {
  const guest = new Guest({ quirks }).mapCollections()
  guest.configureAll(8192, 8)
  guest.mapDevice(2)
  guest.run('MAPTI', { deviceId: 2, eventId: 0, pintid: 8192, icid: 0 })
  guest.run('MAPTI', { deviceId: 2, eventId: 1, pintid: 8193, icid: 1 })
  guest.run('MAPTI', { deviceId: 2, eventId: 2, pintid: 8194, icid: 40 })
  return guest
}

describe('an MSI', () => {
  test.each`
    what                                 | address                | deviceId   | eventId    | flags | answer
    ${'a mapped event'}                  | ${TRANSLATER}          | ${2}       | ${0}       | ${1}  | ${1}
    ${'any address in the frame'}        | ${ITS_BASE}            | ${2}       | ${0}       | ${1}  | ${1}
    ${'the last byte of the frame'}      | ${ITS_BASE + 0x1_ffff} | ${2}       | ${0}       | ${1}  | ${1}
    ${'an address past the frame'}       | ${ITS_BASE + 0x2_0000} | ${2}       | ${0}       | ${1}  | ${-EINVAL}
    ${'an address of nothing'}           | ${0x5000_0000}         | ${2}       | ${0}       | ${1}  | ${-EINVAL}
    ${'no DeviceID'}                     | ${TRANSLATER}          | ${2}       | ${0}       | ${0}  | ${-EINVAL}
    ${'an event that is not mapped'}     | ${TRANSLATER}          | ${2}       | ${5}       | ${1}  | ${0}
    ${'a device that is not mapped'}     | ${TRANSLATER}          | ${3}       | ${0}       | ${1}  | ${0}
    ${'a DeviceID of more than 16 bits'} | ${TRANSLATER}          | ${0x10002} | ${0}       | ${1}  | ${0}
    ${'an EventID of more than 16 bits'} | ${TRANSLATER}          | ${2}       | ${0x10000} | ${1}  | ${0}
    ${'a collection that is not mapped'} | ${TRANSLATER}          | ${2}       | ${2}       | ${1}  | ${0}
  `('with $what answers $answer', ({ address, deviceId, eventId, flags, answer }) => {
    expect(mapped().translaters.signal(address, deviceId, eventId, flags)).toBe(answer)
  })

  it('is EBUSY while the ITS is disabled, also for an event that is not mapped', () => {
    const guest = mapped()
    guest.write(GITS.CTLR, 0n)
    expect([guest.msi(2, 0), guest.msi(9, 9)]).toEqual([-EBUSY, -EBUSY])
  })

  it('is EBUSY while the target has LPIs disabled', () => {
    const guest = mapped()
    guest.gic.setEnableLpis(1, false)
    expect([guest.msi(2, 0), guest.msi(2, 1)]).toEqual([1, -EBUSY])
  })
})

describe('a cached translation', () => {
  const withoutFlag = (guest: Guest, address = TRANSLATER) => guest.translaters.signal(address, 2, 0, 0)

  it('is delivered without a DeviceID flag, at any address of the frame', () => {
    const guest = mapped()
    expect([withoutFlag(guest), guest.msi(2, 0), withoutFlag(guest), withoutFlag(guest, ITS_BASE)]).toEqual([-EINVAL, 1, 1, 1])
  })

  it('cache-keyed-by-address: older kernels find it at TRANSLATER only', () => {
    const guest = mapped(['cache-keyed-by-address'])
    expect([guest.msi(2, 0), withoutFlag(guest), withoutFlag(guest, ITS_BASE)]).toEqual([1, 1, -EINVAL])
  })

  it('no-translation-cache: before 5.4 every MSI is translated anew', () => {
    const guest = mapped(['no-translation-cache'])
    expect([guest.msi(2, 0), withoutFlag(guest)]).toEqual([1, -EINVAL])
  })

  it('outlives its collection when that goes without a command, and a retarget to a vCPU with LPIs off', () => {
    const guest = mapped()
    guest.msi(2, 0)
    guest.gic.setEnableLpis(1, false)
    guest.msi(2, 0)
    guest.run('MAPC', { icid: 0, rdBase: 1, valid: true })
    expect(guest.msi(2, 0)).toBe(1)
    guest.its.freeCollections()
    expect([guest.msi(2, 0), guest.msi(2, 1)]).toEqual([1, 0])
  })

  it.each([
    [
      'MAPD of another device',
      (guest: Guest) => {
        guest.mapDevice(9)
        guest.run('MAPD', { deviceId: 9, valid: false })
      },
    ],
    ['DISCARD of another event', (guest: Guest) => guest.run('DISCARD', { deviceId: 2, eventId: 1 })],
    ['MOVI of another event', (guest: Guest) => guest.run('MOVI', { deviceId: 2, eventId: 1, icid: 0 })],
    ['MOVALL', (guest: Guest) => guest.run('MOVALL', { rdBase: 1, rdBase2: 0 })],
    ['MAPC V=0 of any collection', (guest: Guest) => guest.run('MAPC', { icid: 77, valid: false })],
    ['disabling LPIs of any vCPU', (guest: Guest) => guest.gic.setEnableLpis(1, false)],
    [
      'disabling the ITS',
      (guest: Guest) => {
        guest.write(GITS.CTLR, 0n)
        guest.write(GITS.CTLR, 1n)
      },
    ],
  ])('is dropped by %s', (_what, happens) => {
    const guest = mapped()
    guest.msi(2, 0)
    happens(guest)
    expect(withoutFlag(guest)).toBe(-EINVAL)
  })
})

describe('several ITSes in a VM', () => {
  const second = (quirks: readonly QuirkName[]) => {
    const guest = mapped(quirks)
    const other = new Guest({ quirks, memory: guest.memory })
    const base = ITS_BASE + 0x10_0000
    guest.translaters.add(base, other.its)
    return { guest, other, base }
  }

  it('are told apart by the address', () => {
    const { guest, other, base } = second([])
    other.mapCollections().mapDevice(7)
    other.run('MAPTI', { deviceId: 7, eventId: 3, pintid: 8199, icid: 0 })
    const at = base + 0x1_0040
    const signal = (address: number, deviceId: number, eventId: number) => guest.translaters.signal(address, deviceId, eventId, 1)
    expect([signal(at, 7, 3), signal(TRANSLATER, 7, 3), signal(at, 2, 0), signal(TRANSLATER, 2, 0)]).toEqual([1, 0, 0, 1])
  })

  it.each([
    [[], 1],
    [['cache-keyed-by-address'], -EINVAL],
  ] as const)('with quirks %j a change on one drops what is cached on the other: answer %i', (quirks, answer) => {
    const { guest, other } = second([...quirks])
    guest.gic.itsEvents.push(other.its.events)
    other.gic.itsEvents.push(guest.its.events)
    guest.msi(2, 0)
    other.mapDevice(9)
    other.run('MAPD', { deviceId: 9, valid: false })
    expect(guest.translaters.signal(TRANSLATER, 2, 0, 0)).toBe(answer)
  })

  it('where frames overlap the lower one answers', () => {
    const { guest, other } = second([])
    guest.translaters.add(ITS_BASE + 0x1_0000, other.its)
    expect([guest.translaters.at(ITS_BASE + 0x1_8000), guest.translaters.at(ITS_BASE + 0x2_8000)]).toEqual([guest.its, other.its])
  })
})
