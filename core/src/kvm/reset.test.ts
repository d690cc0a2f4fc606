import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KVM_DEV_ARM_CTRL as CTRL, type ProfileId, profileWithId, releasedKernels } from '../abi/index.ts'
import { SeedGuest } from '../conformance/seed/seed-guest.ts'
import { errnos, type Gpa } from '../memory/index.ts'

const withReset = releasedKernels.filter((kernel) => !profileWithId(kernel).quirks['no-ctrl-reset'])
const EBUSY = -errnos.EBUSY

/** A guest with one event, 0, of each device. */
function booted(kernel: ProfileId, ...deviceIds: readonly number[]): SeedGuest {
  const guest = new SeedGuest({ kernel, l2Tables: 1 })
  map(guest, ...deviceIds)
  return guest
}

function map(guest: SeedGuest, ...deviceIds: readonly number[]): void {
  guest.send('MAPC', { icid: 0, rdBase: 0, valid: true })
  for (const deviceId of deviceIds) {
    guest.mapDevice(deviceId)
    guest.send('MAPTI', { deviceId, eventId: 0, pintid: 8192 + deviceId, icid: 0 })
  }
  guest.sync()
}

describe('an ITS that is reset', () => {
  it.each(withReset)('%s: saves and restores nothing, with success, before the guest sets it up', (kernel) => {
    const guest = booted(kernel, 1, 40)
    const tablesOfBefore = guest.control(CTRL.ITS_SAVE_TABLES)
    expect([tablesOfBefore, guest.control(CTRL.ITS_CTRL_RESET)]).toMatchObject([{ ok: true }, { ok: true }])
    guest.memory.clearDirty()
    expect([CTRL.ITS_SAVE_TABLES, CTRL.ITS_RESTORE_TABLES].map((attr) => guest.control(attr))).toMatchObject([
      { ok: true, value: 0 },
      { ok: true, value: 0 },
    ])
    expect(guest.memory.dirtyPages()).toEqual([])
    expect([guest.its.devices.count, guest.its.collections.order, guest.signal(1, 0)]).toEqual([0, [], EBUSY])
  })

  it('forgets its mappings: the guest that boots next has none of them', () => {
    const guest = booted('linux-6.6', 1, 40)
    guest.control(CTRL.ITS_CTRL_RESET)
    guest.enable()
    map(guest, 7)
    expect([1, 40, 7].map((deviceId) => guest.signal(deviceId, 0))).toEqual([0, 0, 1])
  })

  it('is missed on 4.13: a save after a reboot fails when the RAM of its tables is used for something else', () => {
    const guest = booted('linux-4.13', 1)
    expect(guest.control(CTRL.ITS_CTRL_RESET)).toMatchObject({ errno: 'EFAULT' })
    expect([guest.control(CTRL.ITS_SAVE_TABLES).ok, guest.signal(1, 0)]).toEqual([true, 1])
    const firstLevel = guest.its.deviceTable.base as Gpa
    guest.memory.setWord(firstLevel, 0, 0)
    expect(guest.control(CTRL.ITS_SAVE_TABLES)).toMatchObject({ errno: 'EINVAL', where: { what: 'DTE', deviceId: 1 } })
  })
})

describe('a VM whose life goes on', () => {
  const happenings = fc.array(fc.oneof(fc.constantFrom('boot', 'reset', 'suspend', 'restore'), fc.nat(40)), { maxLength: 12 })

  it('in any order of boots, resets, suspends and restores every mapping of the guest answers, and none besides', () => {
    fc.assert(
      fc.property(fc.constantFrom(...withReset), happenings, (kernel, happens) => {
        const guest = new SeedGuest({ kernel, l2Tables: 1 })
        const control = (attr: number) => expect(guest.control(attr)).toMatchObject({ ok: true })
        let up = false
        const mapped = new Set<number>()
        const reset = () => control(CTRL.ITS_CTRL_RESET)
        reset()
        for (const what of happens) {
          if (what === 'boot' && !up) {
            guest.clearTables()
            guest.enable()
            map(guest)
            up = true
          } else if (what === 'reset') {
            reset()
            mapped.clear()
            up = false
          } else if (what === 'suspend') control(CTRL.ITS_SAVE_TABLES)
          else if (what === 'restore') {
            control(CTRL.ITS_SAVE_TABLES)
            reset()
            if (up) guest.enable()
            control(CTRL.ITS_RESTORE_TABLES)
          } else if (typeof what === 'number' && up && !mapped.has(what)) {
            map(guest, what)
            mapped.add(what)
          }
          const answers = Array.from({ length: 41 }, (_, deviceId) => guest.signal(deviceId, 0))
          expect(answers).toEqual(answers.map((_, deviceId) => (up ? Number(mapped.has(deviceId)) : EBUSY)))
        }
      }),
      { numRuns: 40 },
    )
  })
})
