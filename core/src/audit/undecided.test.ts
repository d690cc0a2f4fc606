import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Budget } from '../budget/index.ts'
import { budgetFor } from '../budget/testing/budget-for.ts'
import { audit, judgeKernels, setScenes } from './index.ts'
import { arbitraryVm } from './testing/arbitrary-vm.ts'

/** Where one of the uses of work, or the list of findings, is about as much as such tables need. */
const small: fc.Arbitrary<Partial<Budget>> = fc.oneof(
  fc.tuple(fc.constantFrom('sweep', 'restore', 'trials', 'kernels'), fc.nat(80_000)).map(([use, steps]) => budgetFor(use, steps)),
  fc.record({ findings: fc.nat(4) }),
)

describe('an audit within a budget', () => {
  it('calls nothing well that another audit with more of it does not, whatever lies in the tables', () => {
    fc.assert(
      fc.property(arbitraryVm, small, (vm, budget) => {
        const [less, all] = [{ ...vm.input(), budget }, vm.input()].map((input) => {
          const scenes = setScenes(input)
          return { report: audit(scenes[0]!), rows: judgeKernels(scenes, ['linux-6.6', 'linux-7.3.4']) }
        })
        const { verdict, gaps } = less!.report
        if (verdict === 'restores') expect([all!.report.verdict, all!.report.gaps]).toEqual(['restores', []])
        if (gaps.length === 0) expect(verdict).toBe(all!.report.verdict)
        if (gaps.length > 0) expect(verdict).not.toBe('restores')
        for (const [i, row] of less!.rows.entries()) {
          if (row.verdict !== 'undecided') expect([row.kernel, row.verdict]).toEqual([row.kernel, all!.rows[i]!.verdict])
        }
      }),
      { numRuns: 300 },
    )
  })
})
