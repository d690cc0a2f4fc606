import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Events } from './events.ts'
import { Lpis } from './lpis.ts'

function mapped(events: Events, slot: number): [eventId: number, lpi: number, icid: number][] {
  const found: [number, number, number][] = []
  for (let block = events.firstBlock(slot); block !== 0; block = events.nextBlock(block)) {
    for (let n = 0; n < 8; n++) {
      const index = events.blockIndex(block) + 2 * n
      if (events.lpi(index) !== 0) found.push([events.firstEvent(block) + n, events.lpi(index), events.icid(index)])
    }
  }
  return found
}

/** Two devices of many, and two beyond those whose blocks share a hash. */
const slots = [0, 1, 2 ** 18, 2 ** 18 + 1]

const steps = fc.array(
  fc.record({
    slot: fc.constantFrom(...slots),
    eventId: fc.oneof(fc.nat(40), fc.nat(0xffff), fc.integer({ min: 0xfff0, max: 0x10200 }), fc.nat(0xffffffff)),
    icid: fc.nat(3),
    what: fc.constantFrom('map', 'map', 'map', 'map', 'unmap', 'move', 'detach', 'unmap device'),
  }),
  { maxLength: 300 },
)

describe('the events of an ITS', () => {
  it('answer as a map would, and are chained per device in EventID order', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const lpis = new Lpis()
        const events = new Events(lpis)
        const model = new Map<string, { slot: number; eventId: number; lpi: number; icid: number }>()
        for (const [n, { slot, eventId, icid, what }] of list.entries()) {
          const key = `${slot} ${eventId}`
          const index = events.find(slot, eventId)
          expect(index >= 0).toBe(model.has(key))
          if (what === 'map' && index < 0) {
            events.add(slot, eventId, lpis.create(8192 + n, -1), icid, 0)
            model.set(key, { slot, eventId, lpi: 8192 + n, icid })
          } else if (what === 'unmap' && index >= 0) {
            events.remove(slot, index)
            model.delete(key)
          } else if (what === 'move' && index >= 0) {
            events.setIcid(index, icid)
            model.get(key)!.icid = icid
          } else if (what === 'detach') {
            events.detach(icid)
            for (const event of model.values()) if (event.icid === icid) event.icid = -1
          } else if (what === 'unmap device') {
            events.removeAll(slot)
            for (const [name, event] of model) if (event.slot === slot) model.delete(name)
          }
        }
        for (const slot of slots) {
          const expected = [...model.values()].filter((event) => event.slot === slot).sort((a, b) => a.eventId - b.eventId)
          expect(mapped(events, slot)).toEqual(expected.map(({ eventId, lpi, icid }) => [eventId, lpi, icid]))
        }
        expect(events.count).toBe(model.size)
        const handles = new Set([...model.values()].map(({ lpi }) => lpi))
        for (let lpi = lpis.first(); lpi !== 0; lpi = lpis.after(lpi)) expect(handles.delete(lpi)).toBe(true)
        expect(handles.size).toBe(0)
      }),
    )
  })

  it.each([0xffff, 0x3ffff])('find their place in a large device in any order, EventIDs up to %i', (highest) => {
    const lpis = new Lpis()
    const events = new Events(lpis)
    const ids = Array.from({ length: 4096 }, (_, n) => (n * 40503) & highest)
    for (const [n, eventId] of ids.entries()) events.add(5, eventId, lpis.create(8192 + n, -1), 0, 0)
    expect(mapped(events, 5).map(([eventId]) => eventId)).toEqual([...ids].sort((a, b) => a - b))
  })

  it('forget cached translations all at once, also after the epochs have gone round', () => {
    const lpis = new Lpis()
    const events = new Events(lpis)
    events.add(0, 1, lpis.create(8192, -1), 0, 0)
    const index = events.find(0, 1)
    let stale = 0
    for (let round = 0; round < 40_000; round++) {
      if (events.isCached(index)) stale++
      events.cache(index)
      events.invalidate()
    }
    expect(stale).toBe(0)
    events.cache(index)
    expect([events.isCached(index), events.icid(index)]).toEqual([true, 0])
  })
})
