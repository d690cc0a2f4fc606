import { describe, expect, it } from 'vitest'
import { DTE, ITE } from '../abi/index.ts'
import { sweep } from '../audit/index.ts'
import type { Gpa } from '../memory/index.ts'
import { walkTables } from '../tables/index.ts'
import { newest, PlantedTables, Seen } from '../tables/testing/planted.ts'
import { mendChains } from './chains.ts'
import { Overlay } from './overlay.ts'

interface Asked {
  readonly dead?: readonly number[]
  readonly deadEvents?: readonly string[]
  readonly seal?: boolean
  /** Whose chains are asked for: the device table's by 0, an ITT's by its DeviceID. */
  readonly chains?: readonly number[]
}

/** Mends chains of planted tables, all if not told otherwise, with these devices and events dead. */
function mended(tables: PlantedTables, { dead = [], deadEvents = [], seal = false, chains = [0, 8, 9, 10, 11, 12] }: Asked = {}) {
  const overlay = new Overlay(tables.memory)
  const changed = mendChains(overlay, sweep(tables.memory, tables.view, 2 ** 26).mappings, {
    isDeadDevice: (deviceId) => dead.includes(deviceId),
    isDeadEvent: (deviceId, eventId) => deadEvents.includes(`${deviceId}:${eventId}`),
    deviceChain: chains.includes(0) ? 'D208' : undefined,
    eventChains: new Map(chains.map((id) => [id, 'I306'])),
    indirect: tables.view.deviceTable.indirect,
    seal,
  })
  expect(changed).toBe(overlay.writes.length > 0)
  return overlay
}

const reasons = (overlay: Overlay) => overlay.writes.map(({ code, id, because }) => `${code}: ${id}, ${because}`)

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

  it('jumps over an event that is dead and stays', () => {
    const tables = new PlantedTables().dte(8).ite(8, 1, { next: 1 }).ite(8, 3, { next: 6 }).ite(8, 9)
    const overlay = mended(tables, { deadEvents: ['8:3'] })
    expect(nexts(overlay)).toEqual(['event 1 of DeviceID 0x8 8'])
    expect(seen(overlay, tables).events).toEqual(['8:1', '8:9'])
  })

  it('leaves a short jump where nothing is dead but what stands behind the entry that follows, or far before', () => {
    const tables = new PlantedTables().dte(7, { next: 1 }).dte(8, { next: 1 }).dte(12).dte(13)
    expect(nexts(mended(tables, { dead: [7, 13] }))).toEqual([])
  })

  it('leaves the ITT of a dead device as it is', () => {
    const tables = new PlantedTables().dte(8, { next: 4 }).ite(8, 1, { next: 30 }).ite(8, 3).dte(12)
    expect(nexts(mended(tables, { dead: [8] }))).toEqual([])
  })

  it.each([
    ['only the device table', [0], ['DeviceID 0x8 4']],
    ['only the ITT of one device', [8], ['event 1 of DeviceID 0x8 2']],
    ['none', [], []],
  ])('mends no chain but those asked for: %s', (_which, chains, changes) => {
    const tables = new PlantedTables().dte(8).ite(8, 1).ite(8, 3).dte(12, { next: 0 }).ite(12, 2).ite(12, 5)
    expect(nexts(mended(tables, { chains }))).toEqual(changes)
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

  it.each([
    ['leads to the right entry', 9000 - 8, ['seal: DeviceID 0x8, jump leaves its page']],
    ['passes the right entry', 9001 - 8, ['D208: DeviceID 0x8, next in its chain']],
    ['is missing', 0, ['D208: DeviceID 0x8, next in its chain']],
  ])('says that a jump leaves its page only where it is else right: it %s', (_what, next, expected) => {
    const tables = new PlantedTables({ indirect: true }).dte(8, { next }).dte(9000)
    expect(reasons(mended(tables, { seal: true }))).toEqual(expected)
  })

  it('does not take a jump onto a dead entry for one that leaves its page', () => {
    const tables = new PlantedTables({ indirect: true }).dte(8, { next: 1 }).dte(10, { next: 7 }).dte(12)
    expect(reasons(mended(tables, { seal: true, dead: [10] }))).toEqual(['D208: DeviceID 0x8, next in its chain'])
  })

  it('says of the last of a chain that it is that', () => {
    expect(reasons(mended(new PlantedTables().dte(8, { next: 3 })))).toEqual(['D208: DeviceID 0x8, last of its chain'])
  })

  it('seals without being asked for any chain, in the name of the seal', () => {
    const tables = new PlantedTables({ indirect: true }).dte(8, { next: 16383 }).dte(60000).ite(8, 1, { next: 30 })
    expect(reasons(mended(tables, { seal: true, chains: [] }))).toEqual([
      'seal: DeviceID 0x8, jump leaves its page',
      'seal: event 1 of DeviceID 0x8, last of its chain',
    ])
  })

  it('lets a jump of a table with one level go where it should when sealed', () => {
    // The second page of the table is where the collections of others lie.
    const tables = new PlantedTables({ tablePages: 2 }).cte(0, { valid: false }).dte(8, { next: 0 }).dte(9000)
    expect(nexts(mended(tables, { seal: true }))).toEqual(['DeviceID 0x8 8992'])
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
