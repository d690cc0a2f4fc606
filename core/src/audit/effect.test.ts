import { describe, expect, it } from 'vitest'
import type { Gpa, Where } from '../memory/index.ts'
import type { ObjectionName } from '../tables/index.ts'
import { EventCounter, effectOf } from './effect.ts'
import { Mappings } from './mappings.ts'
import type { SimulatedRestore } from './simulate.ts'

type Events = Readonly<Record<number, readonly number[]>>

/** A restore that brings back these events of these devices, or fails. */
function restore(devices: Events, objection?: SimulatedRestore['objection']): SimulatedRestore {
  const mappings = new Mappings()
  for (const [deviceId, eventIds] of Object.entries(devices)) {
    mappings.addDevice(Number(deviceId), 0x4100_0000 as Gpa, 5, 0x4000_0000 as Gpa)
    for (const eventId of eventIds) mappings.addEvent(eventId, 8192, 0)
  }
  return { objection, mappings, taken: new Map(), dropped: new Set(), entries: 0, work: 0, cut: undefined, needs: undefined }
}

const failing = (name: ObjectionName, where: Where) => restore({}, { name, where })
/** Device 8 is dead, and event 9 of every other; nobody waits for event 7. */
const judge = {
  isDead: (deviceId: number, eventId: number) => deviceId === 8 || eventId === 9,
  isMissed: (deviceId: number, eventId: number) => deviceId !== 8 && eventId !== 9 && eventId !== 7,
  isLiveDevice: (deviceId: number) => deviceId !== 8,
}
const effect = (withIt: Events, without: Events) => {
  const { severity, revived, lost, lostDevices } = effectOf(restore(withIt), restore(without), judge)
  return { severity, revived: revived.first, lost: lost.first, lostDevices }
}

describe('the effect of an entry on a restore that succeeds with it and without it', () => {
  it.each([
    ['nothing changes', { 16: [0, 1] }, { 16: [0, 1] }, {}],
    ['a dead event comes back', { 16: [0, 9] }, { 16: [0] }, { severity: 'corrupts', revived: [[16, 9]] }],
    [
      'a dead device comes back with its events',
      { 8: [3, 4], 16: [0] },
      { 16: [0] },
      {
        severity: 'corrupts',
        revived: [
          [8, 3],
          [8, 4],
        ],
      },
    ],
    ['an event that nobody waits for does not come back', { 16: [0] }, { 16: [0, 7] }, {}],
    ['an event that nobody calls dead comes back', { 16: [0, 1] }, { 16: [0] }, {}],
    [
      'a live event is lost',
      { 16: [1] },
      { 16: [0, 1, 2] },
      {
        severity: 'corrupts',
        lost: [
          [16, 0],
          [16, 2],
        ],
      },
    ],
    [
      'a live event is lost while a dead one comes back',
      { 16: [9] },
      { 16: [0] },
      { severity: 'corrupts', revived: [[16, 9]], lost: [[16, 0]] },
    ],
    ['a dead event is lost', { 16: [0] }, { 16: [0, 9] }, {}],
    [
      'a live device is lost with its events',
      { 16: [0] },
      { 16: [0], 24: [2] },
      { severity: 'corrupts', lost: [[24, 2]], lostDevices: 1 },
    ],
    ['a live device without an event is lost', {}, { 16: [] }, { severity: 'corrupts', lostDevices: 1 }],
    ['a dead device is lost', {}, { 8: [0] }, {}],
    [
      'an event is not lost because one of another device is',
      { 16: [0], 24: [5] },
      { 16: [0, 5], 24: [0, 5] },
      {
        severity: 'corrupts',
        lost: [
          [16, 5],
          [24, 0],
        ],
      },
    ],
  ])('%s', (_what, withIt, without, expected) => {
    expect(effect(withIt, without)).toEqual({ severity: 'latent', revived: [], lost: [], lostDevices: 0, ...expected })
  })
})

describe('the effect of an entry with which a restore fails', () => {
  const where: Where = { what: 'ITE', at: 0x4101_0008 as Gpa, deviceId: 16, eventId: 1 }

  it('is that failure, when the restore succeeds without it', () => {
    expect(effectOf(failing('ite-pintid', where), restore({ 16: [0] }), judge)).toEqual({
      severity: 'fails',
      errno: 'EINVAL',
      stop: { at: where.at, kind: 'ITE', says: 'the pINTID is below the first LPI, 8192', place: 'DeviceID 0x10 event 1' },
      revived: { count: 0, first: [] },
      lost: { count: 0, first: [] },
      lostDevices: 0,
    })
  })

  it.each([
    ['elsewhere in RAM', { ...where, at: 0x4101_0010 as Gpa }],
    ['at another device with the same ITT', { ...where, deviceId: 24 }],
    ['where another event of the device lies', { ...where, eventId: 2 }],
  ])('is that failure as well, when the restore without it fails %s', (_what, other) => {
    expect(effectOf(failing('ite-pintid', where), failing('ite-pintid', other), judge)).toMatchObject({ severity: 'fails' })
  })

  it('is none, when the restore fails in the same place without it', () => {
    expect(effectOf(failing('ite-pintid', where), failing('ite-icid', where), judge)).toMatchObject({
      severity: 'latent',
      errno: undefined,
      stop: undefined,
    })
  })

  it('blames no entry for what lies outside the tables, or for an end that none marks', () => {
    for (const name of ['lpi-pending', 'no-last-dte'] as const) {
      expect(effectOf(failing(name, where), restore({}), judge).stop).toMatchObject({ kind: undefined })
    }
  })
})

it('when nothing fails with an entry and the restore without it does, nothing is lost by it', () => {
  const without = failing('ite-pintid', { what: 'ITE' })
  expect(effectOf(restore({ 16: [9] }), without, judge)).toMatchObject({ severity: 'latent', revived: { count: 0 } })
})

it('the first few events are named, and all are counted', () => {
  const counter = new EventCounter(2)
  for (const eventId of [5, 6, 7]) counter.add(16, eventId)
  expect([counter.count, counter.first]).toEqual([
    3,
    [
      [16, 5],
      [16, 6],
    ],
  ])
})
