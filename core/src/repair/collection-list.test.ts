import { describe, expect, it } from 'vitest'
import { CTE } from '../abi/index.ts'
import { type History, readHistory } from '../audit/index.ts'
import { attempt, GuestMemory } from '../memory/index.ts'
import { walkTables } from '../tables/index.ts'
import { newest, PlantedTables, Seen } from '../tables/testing/planted.ts'
import { wantedCollections, writeCollections } from './collection-list.ts'
import { Overlay } from './overlay.ts'

type Cte = readonly [icid: number, rdBase: number]

const unreadable = readHistory(new GuestMemory(), { ctlr: 0, iidr: 0, cbaser: 0n, cwriter: 0n, creadr: 0n, baser: [] })

/** What the queue tells: ICID to RDbase, undefined when unmapped. */
function history(state: History['state'], told: readonly (readonly [number, number | undefined])[]): History {
  return { ...unreadable, state, collections: new Map(told.map(([icid, rdBase]) => [icid, { rdBase, at: 0 as never }])) }
}

/** Rewrites a list on a VM with vCPUs 0 to 3. */
function rewritten(list: readonly Cte[], told: History) {
  const tables = new PlantedTables({ vcpuIds: [0, 1, 2, 3] })
  for (const [slot, [icid, rdBase]] of list.entries()) tables.cte(slot, { icid, rdBase })
  const overlay = new Overlay(tables.memory)
  const wanted = wantedCollections(overlay, tables.view, told)
  writeCollections(overlay, tables.view, wanted, 'C105')
  const seen = new Seen()
  const walked = attempt(() => walkTables(overlay.memory, tables.view, newest, seen))
  expect(walked).toMatchObject({ ok: true, value: { objection: undefined } })
  const slots = overlay.writes.map(({ at, to }) => {
    const { valid, icid, rdBase } = CTE.decode(...to)
    return `${(at - tables.view.collectionTable.base) / 8}: ${valid ? `${icid}>${rdBase}` : 'end'}`
  })
  return { collections: seen.collections, slots, proven: wanted.proven }
}

const four: readonly Cte[] = [
  [0, 0],
  [1, 1],
  [2, 2],
  [3, 3],
]

describe('rewriting the collection list', () => {
  it('changes nothing in a list that is right, in whatever order', () => {
    const list: readonly Cte[] = [
      [3, 3],
      [0, 0],
      [2, 2],
      [1, 1],
    ]
    expect(rewritten(list, history('whole', four)).slots).toEqual([])
  })

  it('corrects a target and leaves the rest', () => {
    const { slots, proven } = rewritten(
      [
        [0, 0],
        [1, 9],
        [2, 2],
        [3, 3],
      ],
      history('whole', four),
    )
    expect([slots, proven]).toEqual([['1: 1>1'], true])
  })

  it('puts what stands twice or nowhere in its place with one word each', () => {
    expect(
      rewritten(
        [
          [0, 0],
          [0, 0],
          [2, 2],
          [3, 3],
        ],
        history('whole', four),
      ).slots,
    ).toEqual(['1: 1>1'])
    expect(
      rewritten(
        [
          [0, 0],
          [1, 1],
        ],
        history('whole', four),
      ).slots,
    ).toEqual(['2: 2>2', '3: 3>3'])
  })

  it('closes the list behind what the guest unmapped', () => {
    const { collections, slots } = rewritten(
      four,
      history('whole', [
        [0, 0],
        [1, undefined],
        [2, 2],
        [3, 3],
      ]),
    )
    expect([collections, slots]).toEqual([
      ['0>0', '3>3', '2>2'],
      ['1: 3>3', '3: end'],
    ])
  })

  it('keeps what the queue does not know, and takes out only what no restore can read, which is not proven', () => {
    const { collections, proven } = rewritten(
      [
        [7, 1],
        [5, 200],
        [6, 2],
        [7, 3],
      ],
      history('wrapped', [[6, 3]]),
    )
    expect([collections, proven]).toEqual([['7>1', '6>3'], false])
  })
})
