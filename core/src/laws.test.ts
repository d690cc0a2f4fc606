import { describe, expect, it } from 'vitest'
import { scopes } from './scope/index.ts'
import { askLaws, lawNames } from './testing/laws/ask-laws.ts'
import { mutants } from './testing/laws/mutants/mutants.ts'
import { mutatedSource } from './testing/laws/mutants/mutated-source.ts'

describe('of saved VMs of a small scope, whatever their command queues still tell', () => {
  const { asked } = askLaws(scopes.keeping, { every: 40, everyCut: 8, explore: { mostDepth: 9 } })

  it.each(lawNames)('what is asserted of the %s holds in each that is asked', (name) => {
    expect(asked[name].first).toEqual([])
    expect(asked[name].asked).toBeGreaterThan(100)
  })

  it('every plan is written and exact, or the VM is left as it restores, where the queue tells all', () => {
    const refused = [...asked.repair.counts.keys()].filter((word) => word.startsWith('whole queue') && word.includes('refused'))
    expect(refused).toEqual([])
  })
})

describe('the mutants that exhaustive runs must kill', () => {
  it.each(mutants)('changes code that is there: $name', async (mutant) => {
    expect(await mutatedSource(mutant)).toContain(mutant.to)
  })
})
