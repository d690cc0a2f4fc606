import { describe, expect, it } from 'vitest'
import { DTE, ITE } from '../abi/index.ts'
import { sweep } from '../audit/index.ts'
import type { Gpa } from '../memory/index.ts'
import { walkTables } from '../tables/index.ts'
import { newest, PlantedTables, Seen } from '../tables/testing/planted.ts'
import { mendChains } from './chains.ts'
import { Overlay } from './overlay.ts'

/** Mends all chains of planted tables, with these devices and events dead. */
function mended(tables: PlantedTables, { dead = [] as number[], deadEvents = [] as string[], seal = false } = {}) {
  const overlay = new Overlay(tables.memory)
  const ids = [8, 9, 10, 11, 12]
  mendChains(overlay, sweep(tables.memory, tables.view).mappings, {
    isDeadDevice: (deviceId) => dead.includes(deviceId),
    isDeadEvent: (deviceId, eventId) => deadEvents.includes(`${deviceId}:${eventId}`),
    deviceChain: 'D208',
    eventChains: new Map(ids.map((id) => [id, 'I306'])),
    indirect: tables.view.deviceTable.indirect,
    seal,
  })
  return overlay
}

const nexts = (overlay: Overlay) =>
  overlay.writes.map(({ kind, id, to }) => `${id} ${(kind === 'DTE' ? DTE : ITE).decode(...to).next}`)

function seen(overlay: Overlay, tables: PlantedTables): Seen {
  const reader = new Seen()
  walkTables(overlay.memory, tables.view, newest, reader)
  return reader
}

describe('mending the chain of a table', () => {
  it.each([
    ['is right', [4, 0], []],
    ['ends early', [0, 0], ['DeviceID 0x8 4']],
    ['jumps over an entry', [5, 0], ['DeviceID 0x8 4']],
    ['leaves the table', [9000, 0], ['DeviceID 0x8 4']],
    ['goes on behind the last entry', [4, 3], ['DeviceID 0xc 0']],
    ['is short, and steps on nothing', [1, 0], []],
  ] as const)('rewrites next only where it is wrong: it %s', (_what, [first, second], changes) => {
    const tables = new PlantedTables().dte(8, { next: first }).dte(12, { next: second })
    const overlay = mended(tables)
    expect(nexts(overlay)).toEqual(changes)
    expect(seen(overlay, tables).devices).toEqual([8, 12])
  })

  it('jumps over an entry that is dead and stays, where a short jump would step on it', () => {
    const tables = new PlantedTables().dte(8, { next: 1 }).dte(10, { next: 7 }).dte(12)
    const overlay = mended(tables, { dead: [10] })
    expect(nexts(overlay)).toEqual(['DeviceID 0x8 4'])
    expect(seen(overlay, tables).devices).toEqual([8, 12])
  })

  it.each([
    ['on it', 2, ['DeviceID 0x8 4']],
    ['behind it', 3, []],
    ['before it', 1, ['DeviceID 0x8 4']],
  ] as const)('is wrong about a dead entry when a short jump lands %s', (_where, next, changes) => {
    const tables = new PlantedTables().dte(8, { next }).dte(10, { next: 7 }).dte(12)
    expect(nexts(mended(tables, { dead: [10] }))).toEqual(changes)
  })

  it('mends the chain of an ITT in the same way', () => {
    const tables = new PlantedTables().dte(8).ite(8, 1, { next: 30 }).ite(8, 3, { next: 0 }).ite(8, 9, { next: 5 })
    const overlay = mended(tables)
    expect(nexts(overlay)).toEqual(['event 1 of DeviceID 0x8 2', 'event 3 of DeviceID 0x8 6', 'event 9 of DeviceID 0x8 0'])
    expect(seen(overlay, tables).events).toEqual(['8:1', '8:3', '8:9'])
  })

  it('cuts a distance to what next can hold', () => {
    const tables = new PlantedTables({ indirect: true }).dte(8, { next: 0 }).dte(60000)
    expect(nexts(mended(tables))).toEqual(['DeviceID 0x8 16383'])
    expect(seen(mended(tables), tables).devices).toEqual([8, 60000])
  })

  it('ends a jump with its second-level page when sealed', () => {
    const tables = new PlantedTables({ indirect: true }).dte(8, { next: 16383 }).dte(60000)
    expect(nexts(mended(tables, { seal: true }))).toEqual([`DeviceID 0x8 ${8192 - 8}`])
    expect(seen(mended(tables, { seal: true }), tables).devices).toEqual([8, 60000])
  })

  it('changes nothing but next', () => {
    const tables = new PlantedTables().dte(8, { next: 0, size: 3 }).dte(12)
    const { memory, writes } = mended(tables)
    const at = tables.dtePlace(8)
    expect(writes.map((write) => write.at)).toEqual([at])
    const entry = DTE.decode(memory.u32(at), memory.u32((at + 4) as Gpa))
    expect(entry).toEqual({ valid: true, next: 4, size: 3, ittAddr: tables.itt(8) })
  })
})
