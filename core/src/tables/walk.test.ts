import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { DTE, profiles } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { objections, STOP, WALK_WORK, walkTables } from './index.ts'
import { newest, PlantedTables, RAM, Seen, withQuirks } from './testing/planted.ts'

function walked(tables: PlantedTables, quirks = newest, mostWork?: number) {
  const seen = new Seen()
  const { objection, ...walk } = walkTables(tables.memory, tables.view, quirks, seen, mostWork === undefined ? {} : { mostWork })
  return {
    ...walk,
    objection: objection?.name,
    where: objection?.where,
    seen,
    errno: objection && objections[objection.name].errno,
  }
}

describe('walking the tables as a restore does', () => {
  it('visits collections, then each device followed by its events, and stops at next = 0', () => {
    const tables = new PlantedTables().cte(1, { icid: 7, rdBase: 0xffffffff }).dte(2, { next: 3 }).dte(5).dte(9)
    tables.ite(2, 0, { next: 4 }).ite(2, 4).ite(2, 6).ite(5, 31)
    const { seen, objection } = walked(tables)
    expect(objection).toBeUndefined()
    expect(seen.collections).toEqual(['0>0', '7>4294967295'])
    expect(seen.devices).toEqual([2, 5])
    expect(seen.events).toEqual(['2:0', '2:4', '5:31'])
  })

  it('believes an orphan at the head of a table and follows its next', () => {
    const tables = new PlantedTables().dte(1, { next: 9 }).dte(4, { next: 1 }).dte(5).dte(10)
    expect(walked(tables).seen.devices).toEqual([1, 10])
  })

  it('passes over an event whose LPI another has, and goes on behind it; lpi-mapped-by-many: 7.3.3 restored both', () => {
    const tables = new PlantedTables().dte(2, { next: 3 }).dte(5)
    tables.ite(2, 0, { next: 4 }).ite(2, 4)
    tables.ite(5, 0, { next: 1 }).ite(5, 1, { pintid: 8300, next: 1 }).ite(5, 2, { pintid: 100_000, next: 1 })
    tables.ite(5, 3, { pintid: 100_000 })
    expect(walked(tables)).toMatchObject({ objection: undefined, seen: { events: ['2:0', '2:4', '5:1', '5:2'] } })
    expect(walked(tables, withQuirks('lpi-mapped-by-many')).seen.events).toEqual(['2:0', '2:4', '5:0', '5:1', '5:2', '5:3'])
  })

  it('passes over an event whose LPI was mapped before the restore', () => {
    const tables = new PlantedTables().dte(2)
    tables.ite(2, 0, { next: 4 }).ite(2, 4)
    const seen = new Seen()
    walkTables(tables.memory, tables.view, newest, seen, { isMapped: (pintid) => pintid === 8192 })
    expect(seen.events).toEqual(['2:4'])
  })

  it('skips a part whose BASER is not Valid', () => {
    const tables = new PlantedTables().dte(1)
    const { deviceTable, collectionTable } = tables.view
    tables.view = {
      ...tables.view,
      deviceTable: { ...deviceTable, valid: false },
      collectionTable: { ...collectionTable, valid: false },
    }
    expect(walked(tables)).toMatchObject({ objection: undefined, entries: 0 })
  })

  it('crosses second-level pages: a jump past one goes on with entry 0 of the next valid one', () => {
    const tables = new PlantedTables({ indirect: true }).dte(8000, { next: 16383 }).dte(24576, { next: 10 }).dte(24580).dte(24586)
    expect(walked(tables).seen.devices).toEqual([8000, 24576, 24586])
  })

  it('ends at next = 0 inside a second-level page, whatever the pages after it hold', () => {
    const tables = new PlantedTables({ indirect: true }).dte(1, { next: 0 }).dte(8192)
    expect(walked(tables).seen.devices).toEqual([1])
  })

  it('counts the entries a kernel reads: every one of an empty ITT and of the table up to the last DTE', () => {
    const tables = new PlantedTables().dte(3, { size: 9 })
    expect(walked(tables).entries).toBe(2 + 4 + 1024)
  })

  it('passes over a page of an ITT that is known to be zero in one step, and up to its limit', () => {
    const tables = new PlantedTables({ backing: 'sparse' }).dte(3, { size: 14 }).ite(3, 2 ** 15 - 1)
    const before = 2 + 4 + WALK_WORK.device
    const whole = walked(tables)
    expect([whole.entries, whole.events, whole.work]).toEqual([2 + 4 + 2 ** 15, 1, before + 63 + 512 + WALK_WORK.event])
    expect(walked(tables, newest, whole.work)).toEqual(whole)
    expect(walked(tables, newest, whole.work - 1)).toMatchObject({ cut: 'work', entries: whole.entries })
    expect(walked(tables, newest, before + 10)).toMatchObject({ cut: 'work', entries: 2 + 4 + 11 * 512 })
  })

  it('answers the same, and counts the same entries, whether it reads zeros or knows of them: then it gets as far for less work', () => {
    const id = fc.nat(3000)
    const bits = fc.constantFrom(4, 9, 15)
    const devices = fc.array(fc.tuple(id, bits, fc.nat(12), fc.nat(40_000)), { maxLength: 6 })
    const limit = fc.oneof(fc.nat(80_000), fc.constant(Number.POSITIVE_INFINITY))
    fc.assert(
      fc.property(devices, fc.boolean(), limit, (planted, indirect, steps) => {
        const tables = new PlantedTables({ indirect, backing: 'sparse' })
        for (const [deviceId, size, next, eventId] of planted)
          tables.dte(deviceId, { size, next }).ite(deviceId, eventId, { next })
        const { work: less, ...knows } = walked(tables, newest, steps)
        for (const { base, bytes } of tables.memory.ranges) tables.memory.write(base, tables.memory.read(base, bytes))
        const { work, ...reads } = walked(tables, newest, steps)
        if (reads.cut === undefined) expect([knows, less <= work]).toEqual([reads, true])
        else expect(knows.entries).toBeGreaterThanOrEqual(reads.entries)
      }),
    )
  })

  test.each<[string, (tables: PlantedTables) => unknown, string, object]>([
    ['RDbase names no vCPU', (t) => t.cte(1, { icid: 1, rdBase: 1 }), 'cte-target', { what: 'CTE', icid: 1 }],
    ['the same ICID comes twice', (t) => t.cte(1, { icid: 0, rdBase: 0 }), 'cte-duplicate', { icid: 0 }],
    ['the ICID is past the table', (t) => t.cte(1, { icid: 8192, rdBase: 0 }), 'cte-unstorable', { icid: 8192 }],
    ['a device has 17 EventID bits', (t) => t.dte(6, { size: 16 }), 'dte-size', { what: 'DTE', deviceId: 6 }],
    ['the ITT is outside RAM', (t) => t.dte(6, { ittAddr: 0x1000 }), 'ite-unreadable', { at: 0x1000, deviceId: 6, eventId: 0 }],
    ['a pINTID below 8192 is no LPI', (t) => t.dte(6).ite(6, 2, { pintid: 8191 }), 'ite-pintid', { deviceId: 6, eventId: 2 }],
    ['next points past the ITT', (t) => t.dte(6).ite(6, 2, { next: 30 }), 'ite-next', { deviceId: 6, eventId: 2 }],
    ['the ICID has no collection', (t) => t.dte(6).ite(6, 2, { icid: 3 }), 'ite-icid', { deviceId: 6, eventId: 2, icid: 3 }],
  ])('refuses when %s', (_because, plant, name, where) => {
    const tables = new PlantedTables()
    plant(tables)
    expect(walked(tables)).toMatchObject({ objection: name, where })
  })

  it('asks pINTID, then next, then ICID, as KVM does', () => {
    const tables = new PlantedTables().dte(6).ite(6, 0, { pintid: 1, next: 99, icid: 9 })
    expect(walked(tables).objection).toBe('ite-pintid')
    expect(walked(tables.ite(6, 0, { next: 99, icid: 9 })).objection).toBe('ite-next')
  })

  it('answers EFAULT with the first word outside RAM when a table leaves RAM', () => {
    const tables = new PlantedTables()
    tables.view = { ...tables.view, deviceTable: { ...tables.view.deviceTable, base: RAM + 0x3f_0000, bytes: 0x20000 } }
    expect(walked(tables)).toMatchObject({
      errno: 'EFAULT',
      objection: 'dte-unreadable',
      where: { at: RAM + 0x40_0000, deviceId: 8192 },
    })
  })

  it('refuses a DeviceID of 17 bits in a table of many pages', () => {
    const tables = new PlantedTables({ tablePages: 9 })
    tables.view = { ...tables.view, deviceTable: { ...tables.view.deviceTable, base: RAM + 0x10_0000 } }
    tables.memory.setWord((RAM + 0x10_0000 + 0x10000 * 8) as Gpa, 4, 0x8000_0000)
    expect(walked(tables)).toMatchObject({ objection: 'dte-unstorable', where: { deviceId: 0x10000 } })
    expect(walked(tables, withQuirks('device-out-of-range-restored')).objection).toBe('ite-unreadable')
  })

  it('needs the configuration byte of each LPI, and the pending byte of its target, once', () => {
    const tables = new PlantedTables().cte(1, { icid: 1, rdBase: 0xffffffff }).dte(6)
    tables.ite(6, 0, { pintid: 8192, icid: 1, next: 1 }).ite(6, 1, { pintid: 8192, icid: 0 })
    tables.view = { ...tables.view, lpiTables: { configuration: RAM, pending: [0x1000] } }
    expect(walked(tables).objection).toBeUndefined()
    expect(walked(tables.ite(6, 1, { pintid: 8193 }))).toMatchObject({ objection: 'lpi-pending', where: { eventId: 1 } })
    expect(walked(tables.ite(6, 1, { pintid: 0xffffffff }))).toMatchObject({ objection: 'lpi-configuration', errno: 'EFAULT' })
  })

  it('stops where the reader says so', () => {
    const tables = new PlantedTables().dte(1, { next: 1 }).dte(2)
    const seen = new Seen()
    seen.device = () => STOP
    expect(walkTables(tables.memory, tables.view, newest, seen)).toMatchObject({
      cut: 'reader',
      objection: undefined,
      devices: 1,
    })
  })
})

describe('how older kernels walk', () => {
  it('before 6.0.6 a jump beyond a second-level page reads on behind it; one to its end does not', () => {
    const beyond = new PlantedTables({ indirect: true }).dte(8000, { next: 193 }).dte(8193)
    expect(walked(beyond).seen.devices).toEqual([8000, 8193])
    expect(walked(beyond, withQuirks('scan-overrun'))).toMatchObject({ errno: 'EFAULT', objection: 'dte-unreadable' })
    const toTheEnd = new PlantedTables({ indirect: true }).dte(8000, { next: 192 }).dte(8192)
    expect(walked(toTheEnd, withQuirks('scan-overrun')).seen.devices).toEqual([8000, 8192])
  })

  it('before 5.6 an unmapped collection is refused', () => {
    const tables = new PlantedTables().cte(1, { icid: 1, rdBase: 0xffffffff })
    expect(walked(tables, withQuirks('restore-refuses-unmapped-collection')).objection).toBe('cte-target')
  })

  it('before 6.7 RDbase is an index', () => {
    const tables = new PlantedTables({ vcpuIds: [4, 9] }).cte(0, { icid: 0, rdBase: 1 })
    expect(walked(tables).objection).toBe('cte-target')
    expect(walked(tables, withQuirks('target-is-index')).objection).toBeUndefined()
  })

  it('before 5.19 a CTE whose ICID is past the table is passed over', () => {
    const tables = new PlantedTables().cte(0, { icid: 9000, rdBase: 0 }).cte(1, { icid: 1, rdBase: 0 })
    expect(walked(tables, withQuirks('cte-out-of-range-skipped')).seen.collections).toEqual(['1>0'])
  })

  it('without the size check a DTE of 17 to 28 bits is scanned as it says; 29 and more bits give no scan', () => {
    const unchecked = withQuirks('dte-size-unchecked')
    const tables = new PlantedTables().dte(6, { size: 16 })
    expect(walked(tables, unchecked)).toMatchObject({ objection: undefined, entries: 2 + 7 + 2 ** 17 })
    expect(walked(tables.dte(6, { size: 27 }), unchecked).objection).toBe('ite-unreadable')
    expect(walked(tables.dte(6, { size: 28 }), unchecked)).toMatchObject({ objection: undefined, entries: 2 + 7 + 1 })
  })

  it('4.13 forgets a device whose ITT has no last entry and goes on at the next DTE, and wants a last DTE', () => {
    const tables = new PlantedTables().dte(2, { next: 3 }).dte(3, { next: 2 }).dte(5).ite(3, 1).ite(5, 1)
    const { seen, objection } = walked(tables, withQuirks('restore-needs-last-entry'))
    expect([objection, seen.devices]).toEqual([undefined, [3, 5]])
    expect(walked(new PlantedTables(), withQuirks('restore-needs-last-entry'))).toMatchObject({
      objection: 'no-last-dte',
      errno: 'EINVAL',
    })
  })

  it('4.13 takes a collection table full to its end for a failure and restores no device', () => {
    const tables = new PlantedTables().dte(1)
    for (let slot = 0; slot < 8192; slot++) tables.cte(slot, { icid: slot, rdBase: 0 })
    const before = walked(tables, withQuirks('full-collection-table-ends-restore'))
    expect(before).toMatchObject({ endedByFullTable: true, objection: undefined, collections: 8192, devices: 0 })
    expect(walked(tables)).toMatchObject({ endedByFullTable: false, devices: 1 })
  })
})

describe('tables made by an enemy', () => {
  it('end the walk at a limit, which is reported', () => {
    const tables = new PlantedTables({ tablePages: 8 })
    tables.view = { ...tables.view, deviceTable: { ...tables.view.deviceTable, base: RAM + 0x10_0000 } }
    const { lo, hi } = DTE.encode({ valid: true, size: 15, ittAddr: RAM, next: 1 })
    for (let id = 0; id < 65536; id++) tables.memory.setWord((RAM + 0x10_0000 + 8 * id) as Gpa, lo, hi)
    expect(walked(tables, newest, 2 ** 20)).toMatchObject({ cut: 'work', objection: undefined })
    expect(walked(new PlantedTables().dte(0).ite(0, 0, { next: 1 }).ite(0, 1), newest, 772)).toMatchObject({
      cut: 'work',
      events: 1,
    })
  })

  it('never make the walk throw or hang, under any kernel', () => {
    const words = fc.uint8Array({ minLength: 4096, maxLength: 4096 })
    const profile = fc.constantFrom(...Object.values(profiles))
    fc.assert(
      fc.property(words, fc.boolean(), profile, (bytes, indirect, { quirks }) => {
        const tables = new PlantedTables({ indirect })
        tables.memory.write((RAM + 0x1_0000) as Gpa, bytes)
        tables.memory.write((RAM + 0x3_0000) as Gpa, bytes)
        const { cut, work } = walked(tables, quirks, 2 ** 22)
        expect(cut === undefined || work > 2 ** 22).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})
