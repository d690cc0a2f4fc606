import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryVm } from '../audit/testing/arbitrary-vm.ts'
import { PlantedVm } from '../audit/testing/planted-vm.ts'
import { type Budget, defaultBudget, shareOf } from '../budget/index.ts'
import { budgetFor } from '../budget/testing/budget-for.ts'
import { bytesSource, openSavedMachine } from '../formats/index.ts'
import { type InspectOptions, inspect } from './index.ts'
import { plantedMachine } from './testing/planted-machine.ts'

const hostile = (name: string): Uint8Array =>
  gunzipSync(readFileSync(new URL(`../../../fixtures/hostile/${name}`, import.meta.url)))

describe('an inspection that may read only so much', () => {
  it('calls nothing well that one which reads more does not, whatever lies in the tables', async () => {
    const judges = ['linux-5.10', 'linux-7.3.4'] as const
    const pages = fc.nat(110).map((n) => n * 0x1000)
    const small: fc.Arbitrary<Partial<Budget>> = fc.oneof(
      fc.tuple(fc.constantFrom('tables', 'overruns'), pages).map(([use, bytes]) => budgetFor(use, bytes)),
      fc.nat(2 ** 23).map((bytes) => ({ bytes })),
    )
    await fc.assert(
      fc.asyncProperty(arbitraryVm, small, async (vm, budget) => {
        const machine = plantedMachine(vm)
        const how = { judges, guestKernel: 'never' } as const
        const [less, all] = await Promise.all([inspect(machine, { ...how, budget }), inspect(machine, how)])
        const [report] = less.audit()
        const [whole] = all.audit()
        if (report!.verdict === 'restores') expect([whole!.verdict, whole!.gaps]).toEqual(['restores', []])
        if (report!.gaps.length > 0) expect(less.plan({ allow: 'everything', strict: true }).writes).toEqual([])
        const verdicts = all.judge(judges).map(({ verdict }) => verdict)
        for (const [i, { verdict }] of less.judge(judges).entries()) {
          if (verdict === 'restores') expect(verdicts[i]).toBe('restores')
        }
      }),
      { numRuns: 40 },
    )
  })
})

describe('an inspection of a guest whose queue has gone round', () => {
  const wrapped = () =>
    plantedMachine(
      new PlantedVm({ queuePages: 1 })
        .map(8, { 0: [8192, 0] })
        .save()
        .goRound(),
    )
  const gapsOf = async (options: InspectOptions) => {
    const [report] = (await inspect(wrapped(), { judges: [], ...options })).audit()
    return [report!.verdict, report!.gaps.map(({ code, limit }) => `${code} ${limit}`)]
  }

  it('is undecided where the budget ended the search for what its kernel knows, and not where all of RAM was searched', async () => {
    expect(await gapsOf({ budget: budgetFor('search', 2 ** 24) })).toEqual(['undecided', ['M709 bytes']])
    expect(await gapsOf({ budget: budgetFor('search', 2 ** 26) })).toEqual(['restores', []])
    expect(await gapsOf({ budget: budgetFor('search', 2 ** 24), guestKernel: 'always' })).toEqual(['restores', []])
    expect(await gapsOf({ budget: budgetFor('search', 2 ** 24), guestKernel: 'never' })).toEqual(['restores', []])
  })
})

describe('tables that were built to be tried for long', () => {
  it.each([['evil-E3.vits.gz', ['M704 findings']]])(
    'cost no more than their shares, and what is left undone is said: %s',
    async (name, gaps) => {
      const inspection = await inspect(await openSavedMachine(bytesSource(hostile(name))))
      const [report] = inspection.audit()
      expect(report!.gaps.map(({ code, limit }) => `${code} ${limit}`)).toEqual(gaps)
      const { writes, obstacles } = inspection.plan({ allow: 'everything' })
      expect([writes, obstacles.length]).toEqual([[], 1])
      const share = (use: Parameters<typeof shareOf>[1]) => shareOf(defaultBudget, use)
      expect(inspection.scenes[0]!.work).toBeLessThan(share('trials') + share('sweep') + 4 * share('restore'))
    },
  )
})
