import { describe, expect, it } from 'vitest'
import { CTE, ENTRY_BYTES, UNMAPPED_TARGET } from '../abi/index.ts'
import { type History, readHistory } from '../audit/index.ts'
import { attempt, type Gpa, GuestMemory } from '../memory/index.ts'
import { walkTables } from '../tables/index.ts'
import { newest, PlantedTables, RAM, Seen } from '../tables/testing/planted.ts'
import { wantedCollections, writeCollections } from './collection-list.ts'
import { Overlay } from './overlay.ts'

const unreadable = readHistory(new GuestMemory(), { ctlr: 0, iidr: 0, cbaser: 0n, cwriter: 0n, creadr: 0n, baser: [] })

/** `'0>1 5>-'`: collection 0 on vCPU 1, and 5 on none. */
const collections = (text: string) =>
  text
    .split(' ')
    .filter((one) => one !== '')
    .map((one) => one.split('>'))
    .map(([icid, rdBase]) => ({ icid: Number(icid), rdBase: rdBase === '-' ? undefined : Number(rdBase) }))

/** What the queue tells. */
function history(state: History['state'], told: string): History {
  const records = collections(told).map(({ icid, rdBase }) => [icid, { rdBase, at: 0 as Gpa }] as const)
  return { ...unreadable, state, collections: new Map(records) }
}

/** A list on a VM with vCPUs 0 to 3; `entries`: how many the table has room for. */
function planted(list: string, entries?: number): PlantedTables {
  const tables = new PlantedTables({ vcpuIds: [0, 1, 2, 3] })
  for (const [slot, { icid, rdBase = UNMAPPED_TARGET }] of collections(list).entries()) tables.cte(slot, { icid, rdBase })
  const { view } = tables
  if (entries !== undefined) tables.view = { ...view, collectionTable: { ...view.collectionTable, bytes: entries * ENTRY_BYTES } }
  return tables
}

function rewritten(tables: PlantedTables, told: History) {
  const overlay = new Overlay(tables.memory)
  const wanted = wantedCollections(overlay, tables.view, told)
  const changed = writeCollections(overlay, tables.view, wanted, 'C105')
  const seen = new Seen()
  const walked = attempt(() => walkTables(overlay.memory, tables.view, newest, seen))
  expect(walked).toMatchObject({ ok: true, value: { objection: undefined } })
  const slots = overlay.writes.map(({ at, to }) => {
    const { valid, icid, rdBase } = CTE.decode(...to)
    return `${(at - tables.view.collectionTable.base) / ENTRY_BYTES}: ${valid ? `${icid}>${rdBase}` : 'end'}`
  })
  expect(changed).toBe(slots.length > 0)
  return { collections: seen.collections, slots, proven: wanted.proven }
}

const four = '0>0 1>1 2>2 3>3'

describe('rewriting the collection list by a queue that is whole', () => {
  it.each([
    ['changes nothing in a list that is right, in whatever order', '3>3 0>0 2>2 1>1', four, []],
    ['corrects a target and leaves the rest', '0>0 1>9 2>2 3>3', four, ['1: 1>1']],
    ['puts what is missing in the place of what stands there twice', '0>0 0>0 2>2 3>3', four, ['1: 1>1']],
    ['adds what is missing behind the others', '0>0 1>1', four, ['2: 2>2', '3: 3>3']],
    ['closes the list behind what the guest unmapped', four, '0>0 1>- 2>2 3>3', ['1: 3>3', '3: end']],
    ['takes out what the guest never mapped', '0>0 1>1 5>1', '0>0 1>1', ['2: end']],
    ['leaves what is on no vCPU: a MAPTI alone makes it so', '0>0 5>-', '0>0', []],
  ])('%s', (_what, list, told, slots) => {
    const changed = rewritten(planted(list), history('whole', told))
    expect([changed.slots, changed.proven]).toEqual([slots, true])
  })

  it('leaves what lies behind the end without Valid', () => {
    const leftover = planted('0>0 1>1').cte(2, { valid: false, icid: 3, rdBase: 1 })
    expect(rewritten(leftover, history('whole', '0>0 1>1')).slots).toEqual([])
  })

  it('writes nothing that KVM has refused: an ICID past the table, a vCPU that the VM has not', () => {
    expect(rewritten(planted('0>0', 4), history('whole', '0>0 3>3 4>1 2>7')).slots).toEqual(['1: 3>3'])
  })

  it('fills the table to its end, and does not touch what follows', () => {
    const full = planted('0>0 1>9 2>2', 2)
    expect(rewritten(full, history('whole', '0>0 1>1')).slots).toEqual(['1: 1>1'])
  })

  it('writes nothing into a table that is not all in RAM', () => {
    const tables = planted(four)
    const { view } = tables
    const far = { ...view, collectionTable: { ...view.collectionTable, base: (RAM - 0x1000) as Gpa } }
    const overlay = new Overlay(tables.memory)
    const wanted = wantedCollections(overlay, far, history('whole', '0>1'))
    expect(writeCollections(overlay, far, wanted, 'C105')).toBe(false)
  })
})

describe('rewriting the collection list by a queue that has gone round', () => {
  it.each([
    ['keeps what the queue does not know', '7>1 6>2', '6>3', ['1: 6>3'], true],
    ['keeps what is on no vCPU', '0>0 5>-', '', [], true],
    ['takes out what the guest unmapped', '0>0 1>1', '1>-', ['1: end'], true],
    ['keeps what it has where the queue names a vCPU that is not there', '0>0 1>1', '1>9', [], true],
    ['takes out a target that is no vCPU, which is not proven', '0>0 5>200', '', ['1: end'], false],
    ['takes out the second of two with one ICID, which is not proven', '7>1 7>3', '', ['1: end'], false],
    ['corrects an entry that no restore can read where the queue knows it', '0>0 1>200', '1>1', ['1: 1>1'], true],
  ])('%s', (_what, list, told, slots, proven) => {
    const changed = rewritten(planted(list), history('wrapped', told))
    expect([changed.slots, changed.proven]).toEqual([slots, proven])
  })

  it('takes out an ICID past the table, which is not proven', () => {
    expect(rewritten(planted('0>0 4>1', 4), history('wrapped', ''))).toMatchObject({ slots: ['1: end'], proven: false })
  })

  it('reads nothing behind the table', () => {
    expect(rewritten(planted('0>0 1>1 2>2', 2), history('wrapped', ''))).toMatchObject({ slots: [], proven: true })
  })

  it('moves into the gaps what stands behind the new end', () => {
    expect(rewritten(planted('7>1 5>200 6>2 7>3'), history('wrapped', '6>3')).collections).toEqual(['7>1', '6>3'])
  })
})
