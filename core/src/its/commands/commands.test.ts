import { describe, expect, it } from 'vitest'
import { commands, encodeCommand, type QuirkName } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import type { Guest } from '../testing/guest.ts'
import { prepared, stateOf } from '../testing/prepared.ts'
import { handlers } from './handlers.ts'

describe('MOVI and MOVALL', () => {
  it('MOVI moves one event and its pending LPI', () => {
    const guest = prepared()
    expect(guest.run('MOVI', { deviceId: 2, eventId: 1, icid: 2 })).toEqual({ kind: 'done' })
    expect([guest.take(1), guest.take(2)]).toEqual([[], [8193]])
  })

  const movedAll = (quirks: readonly QuirkName[]) => {
    const guest = prepared(quirks)
    guest.run('MAPTI', { deviceId: 2, eventId: 5, pintid: 8201, icid: 2 })
    expect(guest.run('MOVALL', { rdBase: 1, rdBase2: 0 })).toEqual({ kind: 'done' })
    return [8193, 8195, 8201].map((lpi) => guest.gic.lpis.target(lpi))
  }

  it('MOVALL retargets the LPIs of one vCPU and leaves collections alone', () => {
    expect(movedAll([])).toEqual([0, -1, 2])
  })

  it('movall-ignores-source: some kernels retarget every LPI', () => {
    expect(movedAll(['movall-ignores-source'])).toEqual([0, 0, 0])
  })

  it('MOVALL of a vCPU to itself does nothing', () => {
    const guest = prepared()
    expect(guest.run('MOVALL', { rdBase: 1, rdBase2: 1 })).toEqual({ kind: 'done' })
    expect(guest.gic.lpis.target(8193)).toBe(1)
  })
})

describe('DISCARD', () => {
  it('discard-asks-collection-only: before 5.6 it freed an event whose collection is not mapped', () => {
    const guest = prepared(['discard-asks-collection-only'])
    expect(guest.run('DISCARD', { deviceId: 2, eventId: 3 })).toEqual({ kind: 'done' })
    expect(guest.its.find(2, 3)).toBe(-1)
    guest.run('MAPC', { icid: 1, rdBase: 1, valid: false })
    expect(guest.run('DISCARD', { deviceId: 2, eventId: 1 })).toMatchObject({ error: 'DISCARD_UNMAPPED_INTERRUPT' })
  })

  const iteAt = (guest: Guest) => (guest.itt(2) + 8) as Gpa

  it('unmaps one event and clears its ITE', () => {
    const guest = prepared()
    guest.memory.setWord(iteAt(guest), 0x2001_0001, 0)
    expect(guest.run('DISCARD', { deviceId: 2, eventId: 1 })).toEqual({ kind: 'done' })
    expect([guest.its.find(2, 1), guest.word(iteAt(guest)), guest.msi(2, 1)]).toEqual([-1, '0'.repeat(16), 0])
  })

  it('keeps-unmapped: old kernels leave the ITE in guest RAM', () => {
    const guest = prepared(['keeps-unmapped'])
    guest.memory.setWord(iteAt(guest), 0x2001_0001, 0)
    guest.run('DISCARD', { deviceId: 2, eventId: 1 })
    expect([guest.its.find(2, 1), guest.word(iteAt(guest))]).toEqual([-1, '0000000020010001'])
  })

  it('fails with EFAULT when the ITT is gone by now, the event unmapped all the same', () => {
    const guest = prepared()
    guest.mapDevice(4)
    guest.run('MAPTI', { deviceId: 4, eventId: 0, pintid: 8210, icid: 0 })
    guest.its.devices.ittAddr[guest.its.devices.find(4)] = 0x1000
    expect(guest.run('DISCARD', { deviceId: 4, eventId: 0 })).toMatchObject({ errno: 'EFAULT', where: { at: 0x1000 } })
    expect(guest.its.find(4, 0)).toBe(-1)
  })
})

describe('INT and CLEAR', () => {
  it('INT makes an event pending, once however often', () => {
    const guest = prepared()
    expect(guest.take(1)).toEqual([8193])
    expect([guest.run('INT', { deviceId: 2, eventId: 1 }), guest.msi(2, 1)]).toEqual([{ kind: 'done' }, 1])
    expect([guest.take(1), guest.take(1)]).toEqual([[8193], []])
  })

  it('INT is EBUSY while the target has LPIs disabled', () => {
    const guest = prepared()
    guest.gic.setEnableLpis(1, false)
    expect(guest.run('INT', { deviceId: 2, eventId: 1 })).toEqual({ kind: 'failed', errno: 'EBUSY', where: undefined })
  })

  it('CLEAR drops the pending state, also of an event whose collection is not mapped', () => {
    const guest = prepared()
    expect(guest.run('CLEAR', { deviceId: 2, eventId: 1 })).toEqual({ kind: 'done' })
    expect(guest.run('CLEAR', { deviceId: 2, eventId: 3 })).toEqual({ kind: 'done' })
    expect(guest.take(1)).toEqual([])
  })
})

describe('INV, INVALL and SYNC', () => {
  it('INV rereads the configuration of one LPI, INVALL of all that target the vCPU', () => {
    const guest = prepared()
    guest.run('MAPTI', { deviceId: 2, eventId: 4, pintid: 8196, icid: 1 })
    for (const intid of [8193, 8196]) guest.configure(intid, { enable: false })
    guest.run('INV', { deviceId: 2, eventId: 1 })
    expect([8193, 8196].map((lpi) => guest.gic.lpis.isEnabled(lpi))).toEqual([false, true])
    guest.run('INVALL', { icid: 0 })
    expect(guest.gic.lpis.isEnabled(8196)).toBe(true)
    guest.run('INVALL', { icid: 1 })
    expect(guest.gic.lpis.isEnabled(8196)).toBe(false)
  })

  it('SYNC has nothing to wait for', () => {
    expect(prepared().run('SYNC', { rdBase: 99 })).toEqual({ kind: 'done' })
  })
})

describe('commands that KVM does not know', () => {
  const unknown = Array.from({ length: 256 }, (_, opcode) => opcode).filter((opcode) => handlers[opcode] === undefined)

  it('are all but those of GICv3', () => {
    const known = Object.values(commands).filter(({ since }) => since === 'GICv3')
    expect(unknown).toHaveLength(256 - known.length)
  })

  it('are passed over and reported as unknown', () => {
    const guest = prepared()
    const before = stateOf(guest)
    for (const opcode of unknown) {
      expect(guest.runWords(new Uint32Array([opcode, 2, 1, 8200, 0xffffffff, 0xffffffff, 0, 0]))).toEqual({ kind: 'unknown' })
    }
    expect(stateOf(guest)).toEqual(before)
  })
})

it('reserved bits of a known command do not count', () => {
  const guest = prepared()
  const words = encodeCommand('MAPTI', { deviceId: 2, eventId: 9, pintid: 8209, icid: 0 })
  words[0]! |= 0xffffff00
  words[4]! |= 0xffff0000
  words[5] = 0xffffffff
  words.fill(0xffffffff, 6)
  expect(guest.runWords(words)).toEqual({ kind: 'done' })
  expect([guest.msi(2, 9), guest.take(0)]).toEqual([1, [8209]])
})
