import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { failure, failureOf, minimised } from './minimise.ts'
import { type Mutant, mutant, targetOf } from './mutant.ts'
import { Random } from './random.ts'
import { noCampaign, withPiece } from './results.ts'
import { counted, noTally } from './tally.ts'
import { targets } from './targets/index.ts'

const digest = (file: Uint8Array) => createHash('sha256').update(file).digest('hex')

describe('a mutant', () => {
  it('follows from its seed', async () => {
    for (const seed of [3, 77, 500, 12_345]) {
      const [once, again] = [await mutant(seed), await mutant(seed)]
      expect([digest(once.file), once.from]).toEqual([digest(again.file), again.from])
    }
  })

  it('is of each target as often as its share says', () => {
    const total = targets.reduce((sum, { share }) => sum + share, 0)
    const found = new Map<string, number>()
    for (let seed = 5000; seed < 6000; seed++) found.set(targetOf(seed).name, (found.get(targetOf(seed).name) ?? 0) + 1)
    for (const { name, share } of targets) expect(Math.abs(found.get(name)! - (1000 * share) / total)).toBeLessThanOrEqual(1)
  })

  it.each(targets)('of $name is made of a file that is answered, by steps of which each changes one', async (target) => {
    const corpus = await target.corpus()
    const [first] = [...corpus.values()]
    const sound = await target.file(first!())
    expect(await target.ask(sound, new Random(1))).not.toBe('refused')
    for (const mutator of new Set(target.mutators)) {
      let isChanged = false
      for (let seed = 0; seed < 200 && !isChanged; seed++) {
        const random = new Random(seed)
        const made = random.pick([...corpus.values()])
        const model = made()
        mutator(model, random)
        isChanged = Buffer.compare(await target.file(model), await target.file(made())) !== 0
      }
      expect(isChanged, mutator.name).toBe(true)
    }
  })
})

describe('a mutant that fails', () => {
  it('is made smaller, of the steps without which it does not', async () => {
    const seed = [...Array(5000).keys()].find((n) => targetOf(n).name === 'undo records' && n > 100)!
    const steps = 8
    const made: Mutant = { ...(await mutant(seed)), steps }
    const target = { ...made.target, ask: async (file: Uint8Array) => Promise.reject(new Error(`${file.length} bytes`)) }
    const found = { ...made, target }
    expect(failureOf(await failure(found))).toMatch(/^Error: \d+ bytes$/)
    // Every mutant fails here: nothing of it is left but the file it was made of.
    const smallest = await minimised(found, await failure(found))
    expect(smallest.seed).toBe(seed)
  })
})

describe('a campaign', () => {
  const piece = (first: number, last: number, failed = 0) => ({
    seeds: [first, last] as const,
    tallies: [counted(counted(noTally('tables'), 'answered', { seed: first, ms: 3 }), 'refused', { seed: last, ms: 7 })],
    failures: Array.from({ length: failed }, () => ({ seed: first, target: 'tables', from: 'x', failure: 'y', place: '' })),
    peakRss: { mib: last, seed: last },
  })

  it('adds up its pieces in whatever order they come', () => {
    const whole = [piece(501, 1000), piece(1, 500, 1), piece(2001, 2500)].reduce(withPiece, noCampaign)
    expect(whole.seeds).toEqual([
      [1, 1000],
      [2001, 2500],
    ])
    expect(whole.tallies).toMatchObject([{ target: 'tables', mutants: 6, answered: 3, refused: 3, slowest: { ms: 7 } }])
    expect([whole.failures.length, whole.peakRss]).toEqual([1, { mib: 2500, seed: 2500 }])
  })
})
