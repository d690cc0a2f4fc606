import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { explore, type Scope, scopes } from './index.ts'
import { Model } from './model.ts'
import { choices, Walk } from './testing/walk.ts'

const runs = process.env['VITS_LONG'] ? 100_000 : 50
const { operations: usual } = scopes.keeping
const any = { ...scopes.keeping, guest: 'any' } as const

/** Together these have every operation, and every kind of byte that a record may have. */
const several: Readonly<Record<string, Scope>> = {
  'any commands': { ...any, operations: [...usual, 'MAPC again', 'MAPC V=0', 'SEAL', 'RESET', 'SCRIBBLE'] },
  'pending bits on several kernels': {
    ...any,
    lpis: 3,
    migratesTo: ['linux-7.3.4'],
    operations: [...usual, 'INT', 'CLEAR', 'MOVALL', 'MAPC again', 'MIGRATE'],
  },
  'a table that moves, and restores onto a live ITS': {
    ...any,
    kernel: 'linux-7.3.4',
    operations: [...usual, 'RESTORE', 'GITS_BASER0 moves', 'GITS_BASER0 back', 'RESET over old tables'],
  },
  'pages that come and go, with heads': {
    ...any,
    save: 'heads',
    deviceIds: [0, 1, 8192],
    areas: 3,
    deviceTable: 'two-level',
    operations: [...usual, 'L1 entry comes', 'L1 entry goes'],
  },
}

describe.each(Object.entries(several))('going through states instead of histories is sound with %s, because', (_, scope) => {
  const walk = new Walk(scope)
  const { model, symmetry } = walk

  it('a state that is loaded reads back as it was, whatever was there before', () => {
    const back = new Uint8Array(model.shape.bytes)
    fc.assert(
      fc.property(choices, choices, (one, other) => {
        const [before, record] = [walk.to(one), walk.to(other)]
        model.load(before)
        model.load(record)
        expect(model.store(back)).toBe(true)
        expect(back).toEqual(record)
      }),
      { numRuns: runs },
    )
  })

  it('nothing of guest RAM that a restore comes to is outside of what a state has', () => {
    const fresh = new Model(scope)
    const { deviceTables, deviceTableBytes, itts, pages } = model.ram
    const tables = [
      ...deviceTables.map((base) => [base, deviceTableBytes] as const),
      ...[...itts, ...pages].map((base) => [base, 256] as const),
    ]
    fc.assert(
      fc.property(choices, (one) => {
        const record = walk.to(one)
        model.load(record)
        fresh.load(record)
        for (const [base, length] of tables) {
          expect(Buffer.compare(model.memory.read(base, length), fresh.memory.read(base, length))).toBe(0)
        }
      }),
      { numRuns: runs / 5 },
    )
  })

  it('whatever is renamed, the operations lead to the same', () => {
    fc.assert(
      fc.property(choices, fc.nat(10_000), (one, by) => {
        const record = walk.to(one)
        const renamed = symmetry.renamed(record, by % symmetry.renamings.length)
        expect(symmetry.canonical(renamed).slice()).toEqual(symmetry.canonical(record).slice())
        expect(walk.following(renamed)).toEqual(walk.following(record))
      }),
      { numRuns: runs / 5 },
    )
  })
})

describe('without renaming', () => {
  it('there are more states and the same answers', () => {
    const small = {
      ...scopes.keeping,
      deviceIds: [0],
      collections: 1,
      lpis: 1,
      restoredOn: ['linux-6.6', 'linux-7.3.4'],
    } as const
    const [one, other] = [explore(small), explore(small, { symmetry: false })]
    expect(other.ended).toBe('fixpoint')
    expect(other.states).toBeGreaterThan(3 * one.states)
    const kinds = ({ wrong }: typeof one) =>
      wrong.map(({ kind, depth, kernels }) => [kind, depth, kernels.map(({ kernel }) => kernel)])
    expect(kinds(other)).toEqual(kinds(one))
    expect(kinds(one)).not.toEqual([])
  })
})
