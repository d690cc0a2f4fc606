import { describe, expect, it } from 'vitest'
import type { Gpa } from '../memory/index.ts'
import { sweepTables, WALK_WORK } from './index.ts'
import { PlantedTables, RAM } from './testing/planted.ts'

function swept(tables: PlantedTables, mostWork?: number) {
  const seen: string[] = []
  const counts = sweepTables(
    tables.memory,
    tables.view,
    {
      collection: (icid, rdBase, _at, behind) => seen.push(`c${icid}>${rdBase}${behind ? ' behind' : ''}`),
      device: (deviceId, _itt, bits, next) => seen.push(`${deviceId} bits ${bits} next ${next}`),
      event: (deviceId, eventId, pintid) => seen.push(`${deviceId}:${eventId}=${pintid}`),
      unreadable: (what, base, words, deviceId) =>
        seen.push(`${what} at ${base.toString(16)}: ${words} words, device ${deviceId}`),
    },
    mostWork,
  )
  return { seen, counts }
}

describe('sweeping the tables', () => {
  it('lists what a restore never reaches: behind the terminator, behind next = 0, jumped over', () => {
    const tables = new PlantedTables().cte(2, { icid: 5, rdBase: 3 })
    tables.dte(2, { next: 5 }).dte(3).dte(7, { next: 0 }).dte(9)
    tables.ite(2, 4, { next: 0 }).ite(2, 6).ite(9, 1, { pintid: 77 })
    const { seen, counts } = swept(tables)
    expect(seen).toEqual([
      'c0>0',
      'c5>3 behind',
      '2 bits 5 next 5',
      '2:4=8196',
      '2:6=8198',
      '3 bits 5 next 0',
      '7 bits 5 next 0',
      '9 bits 5 next 0',
      '9:1=77',
    ])
    expect(counts).toMatchObject({ collections: 2, devices: 4, events: 3, cut: undefined, entries: 8192 * 2 + 4 * 32 })
  })

  it('lists every second-level page once, by the first entry that names it', () => {
    const tables = new PlantedTables({ indirect: true }).dte(8200)
    tables.l1(4, (tables.dtePlace(8200) - 8 * 8) as Gpa)
    expect(swept(tables).seen.filter((line) => line.includes('bits'))).toEqual(['8200 bits 5 next 0'])
  })

  it('sees a valid entry whose other bits are all zero', () => {
    const tables = new PlantedTables()
    tables.memory.setWord(tables.dtePlace(1), 0, 0x8000_0000)
    expect(swept(tables).seen[1]).toBe('1 bits 1 next 0')
  })

  it('reads what is in RAM of an ITT that leaves it, and says what it could not read', () => {
    const tables = new PlantedTables().dte(1, { ittAddr: RAM + 0x40_0000 - 256, size: 5 })
    tables.memory.setWord((RAM + 0x40_0000 - 8) as Gpa, 0x2000_0000, 0)
    expect(swept(tables).seen.slice(2)).toEqual([
      '1:31=8192',
      `ITE at ${(RAM + 0x40_0000 - 256).toString(16)}: 32 words, device 1`,
    ])
  })

  it('ends at its limit when thousands of devices share a full ITT', () => {
    const tables = new PlantedTables()
    for (let id = 0; id < 1000; id++) tables.dte(id, { ittAddr: tables.itt(0), size: 9 })
    for (let eventId = 0; eventId < 1024; eventId++) tables.ite(0, eventId)
    const { counts } = swept(tables, 2 ** 20)
    expect(counts.cut).toBe('work')
    // Of the device table two pages were written, and one of the collection table: the others are a step each.
    expect(counts.work).toBe(counts.entries - (14 + 15) * 511 + 128 * counts.events + 512 * counts.devices)
    expect(counts.work - 2 ** 20).toBeLessThan(1024 * WALK_WORK.event)
    expect(swept(tables, 20_000).counts).toMatchObject({ cut: 'work', devices: 1 })
  })
})
