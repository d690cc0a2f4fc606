import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { explore, type Scope, scopes } from './index.ts'
import { Model } from './model.ts'
import { operationsOf } from './operations/operations.ts'
import { Symmetry } from './symmetry.ts'

const runs = process.env['VITS_LONG'] ? 100_000 : 60
const every: Scope = {
  ...scopes.keeping,
  guest: 'any',
  operations: [...scopes.keeping.operations, 'MAPC again', 'MAPC V=0', 'SEAL', 'RESET'],
}
const model = new Model(every)
const operations = operationsOf(model)
const symmetry = new Symmetry(model)
const { bytes } = model.shape

/** Where a random history leads: at each step one of the operations that may happen. */
function walked(choices: readonly number[]): Uint8Array {
  let here: Uint8Array = new Uint8Array(bytes)
  for (const choice of choices) {
    const may = operations.filter((one) => one.may(here))
    here = after(here, may[choice % may.length]!) ?? here
  }
  return here
}

function after(record: Uint8Array, operation: (typeof operations)[number]): Uint8Array | undefined {
  const next = new Uint8Array(bytes)
  model.load(record)
  const goesOn = operation.run()
  return model.store(next) && goesOn ? next : undefined
}

const histories = fc.array(fc.nat(10_000), { minLength: 1, maxLength: 40 })

describe('going through states instead of histories is sound, because', () => {
  it('a state that is loaded reads back as it was, whatever was there before', () => {
    const back = new Uint8Array(bytes)
    fc.assert(
      fc.property(histories, histories, (one, other) => {
        const [before, record] = [walked(one), walked(other)]
        model.load(before)
        model.load(record)
        expect(model.store(back)).toBe(true)
        expect(back).toEqual(record)
      }),
      { numRuns: runs },
    )
  })

  it('nothing of guest RAM that a restore comes to is outside of what a state has', () => {
    const fresh = new Model(every)
    const { ram } = model
    const tables = [ram.deviceTables[0]!, ...ram.itts].map((base, i) => [base, i === 0 ? ram.deviceTableBytes : 256] as const)
    fc.assert(
      fc.property(histories, (one) => {
        model.load(walked(one))
        fresh.load(walked(one))
        for (const [base, length] of tables) {
          expect(Buffer.compare(model.memory.read(base, length), fresh.memory.read(base, length))).toBe(0)
        }
      }),
      { numRuns: runs / 4 },
    )
  })

  it('whatever is renamed, an operation leads to the same', () => {
    fc.assert(
      fc.property(histories, fc.nat(10_000), fc.nat(10_000), (one, choice, by) => {
        const renaming = by % symmetry.renamings.length
        const record = walked(one)
        const renamed = symmetry.renamed(record, renaming)
        const reached = (from: Uint8Array) =>
          operations
            .filter((operation) => operation.may(from))
            .map(
              (operation) =>
                `${operation.name} ${after(from, operation)?.slice() && symmetry.canonical(after(from, operation)!)}`,
            )
            .sort()
        expect(symmetry.canonical(renamed).slice()).toEqual(symmetry.canonical(record).slice())
        if (choice % 4 === 0) expect(reached(renamed)).toEqual(reached(record))
      }),
      { numRuns: runs },
    )
  })

  it('without renaming there are more states and the same answers', () => {
    const small = { ...scopes.keeping, lpis: 1, deviceIds: [0, 1], events: 1 }
    const [one, other] = [explore(small), explore(small, { symmetry: false })]
    expect(other.ended).toBe('fixpoint')
    expect(other.states).toBeGreaterThan(4 * one.states)
    const kinds = ({ wrong }: typeof one) =>
      wrong.map(({ kind, depth, kernels }) => [kind, depth, kernels.map(({ kernel }) => kernel)])
    expect(kinds(other)).toEqual(kinds(one))
    expect(kinds(one)).not.toEqual([])
  })
})
