import { describe, expect, it } from 'vitest'
import { viewDifferences } from './view-differences.ts'
import type { View } from './views.ts'

const view = (lpis: Readonly<Record<number, number | null>>, { itt = 0x1000, icid = 0, rdBase = 0 } = {}): View => ({
  collections: [{ icid: 0, rdBase }],
  devices: [
    {
      deviceId: 8,
      itt,
      eventIdBits: 4,
      events: Object.entries(lpis).map(([eventId, lpi]) => ({ eventId: Number(eventId), lpi, icid })),
    },
  ],
})

describe('the differences of two views', () => {
  it.each([
    ['nothing', view({ 0: 8192 }), []],
    ['an event that was mapped', view({ 0: 8192, 3: 8193 }), [{ what: 'mapped', eventId: 3, to: 'LPI 8193, collection 0' }]],
    ['an event that was unmapped', view({}), [{ what: 'unmapped', eventId: 0, from: 'LPI 8192, collection 0' }]],
    ['an event with another LPI', view({ 0: 8200 }), [{ what: 'changed', eventId: 0, to: 'LPI 8200, collection 0' }]],
    [
      'an event in another collection',
      view({ 0: 8192 }, { icid: 1 }),
      [{ what: 'moved', eventId: 0, to: 'LPI 8192, collection 1' }],
    ],
    ['a device with another ITT', view({ 0: 8192 }, { itt: 0x2000 }), [{ what: 'moved', to: 'ITT 0x2000, 4 bits' }]],
    [
      'a collection on another vCPU',
      view({ 0: 8192 }, { rdBase: 2 }),
      [{ what: 'moved', icid: 0, from: 'RDbase 0', to: 'RDbase 2' }],
    ],
    ['no more than what both know', view({ 0: null }), []],
  ])('name %s', (_what, later, changes) => {
    expect(viewDifferences(view({ 0: 8192 }), later)).toMatchObject(changes)
  })

  it('name a device and its events that came or went', () => {
    const none: View = { collections: [], devices: [] }
    expect(
      viewDifferences(none, view({ 0: 8192 })).map(({ what, ...ids }) => [what, ids.icid, ids.deviceId, ids.eventId]),
    ).toEqual([
      ['mapped', 0, undefined, undefined],
      ['mapped', undefined, 8, undefined],
      ['mapped', undefined, 8, 0],
    ])
    expect(viewDifferences(view({ 0: 8192 }), none).map(({ what }) => what)).toEqual(['unmapped', 'unmapped', 'unmapped'])
  })
})
