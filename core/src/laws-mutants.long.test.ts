import { describe, expect, it } from 'vitest'
import { mutants } from './testing/laws/mutants/mutants.ts'
import { noticed } from './testing/laws/mutants/mutated.ts'

describe('an exhaustive run', () => {
  it.each([...new Set(mutants.map(({ killer }) => killer))])('of %s notices nothing in the code as it is', async (killer) => {
    expect(await noticed(killer)).toEqual([])
  })

  it.each(mutants)('of $killer kills: $name', async (mutant) => {
    const [first] = await noticed(mutant.killer, mutant)
    expect(first).toBeDefined()
    process.stdout.write(`${mutant.name}: ${first!.split('\n')[0]}\n`)
  })
})
