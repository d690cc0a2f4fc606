import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rehearseVlpis } from '../index.ts'
import { Chance } from './chance.ts'

const small = { vcpus: 4, direct: 600, software: 70, seed: 5, now: () => 0 }

describe('the rehearsal of a migration with vLPIs', () => {
  const report = rehearseVlpis(small)

  it('is EACCES on GICv4.0, and the VM runs on with all it had', () => {
    const all = { arrived: 335, lost: 0, stale: 0, sgis: { arrived: 0, lost: 0, stale: 0 } }
    expect(report.rehearsals[0]!.happened).toEqual({ save: 'EACCES', runsOn: 'source', ...all })
  })

  it('brings every pending interrupt to the other host on GICv4.1, and none besides', () => {
    expect(report.rehearsals[1]!.happened).toEqual({
      save: 'saved',
      runsOn: 'restored',
      arrived: 335,
      lost: 0,
      stale: 0,
      sgis: { arrived: 0, lost: 0, stale: 0 },
    })
  })

  it('loses and invents interrupts when the unmap is left out: as many as the aborted save makes', () => {
    const { happened, expected } = report.rehearsals[2]!
    expect(happened).toEqual(expected)
    expect(Math.min(happened.lost, happened.stale)).toBeGreaterThan(100)
  })

  describe('with SGIs', () => {
    const { rehearsals, pendingSgis } = rehearseVlpis({ ...small, sgis: true })
    const fates = Object.fromEntries(rehearsals.map(({ title, happened }) => [title, happened]))

    it('brings them to the other host by the registers of their redistributor, whoever delivers them', () => {
      const all = { arrived: 32, lost: 0, stale: 0 }
      expect(pendingSgis).toBe(32)
      for (const way of ['GICv4.1', 'GICv4.1, vSGIs']) expect(fates[way]).toMatchObject({ save: 'saved', lost: 0, sgis: all })
      expect(fates['GICv4.0']).toMatchObject({ runsOn: 'source', sgis: all })
      expect(fates['GICv4.1, unmap left out']).toMatchObject({ sgis: all })
    })

    it('loses those that hardware holds when they are read while no vPE is mapped, and no LPI by that', () => {
      const fate = fates['GICv4.1, vSGIs, read between']
      expect(fate).toMatchObject({ arrived: 335, lost: 0, sgis: { arrived: 0, lost: 32, stale: 0 } })
    })
  })

  it('times each step', () => {
    let clock = 0
    const { steps } = rehearseVlpis({ ...small, now: () => clock++ }).rehearsals[1]!
    expect(steps.map(({ step }) => step)).toContain('save pending')
    expect(steps.every(({ ms }) => ms === 1)).toBe(true)
  })

  it('refuses more interrupts than there are LPIs to hold them', () => {
    expect(() => rehearseVlpis({ ...small, direct: 40000 })).toThrow(RangeError)
  })

  it('goes as expected with any seed and any shape', () => {
    const shapes = fc.record({
      vcpus: fc.integer({ min: 1, max: 9 }),
      direct: fc.nat(90),
      software: fc.nat(30),
      sgis: fc.boolean(),
      seed: fc.integer(),
    })
    fc.assert(
      fc.property(shapes, (shape) => {
        const { rehearsals, passed } = rehearseVlpis({ ...shape, now: () => 0 })
        expect(rehearsals.filter(({ asExpected }) => !asExpected)).toEqual([])
        expect(passed).toBe(true)
      }),
      { numRuns: 20 },
    )
  })
})

it('picks each value at most once, and the same for the same seed', () => {
  const values = Array.from({ length: 50 }, (_, n) => n)
  const picked = new Chance(3).pick(values, 30)
  expect(new Set(picked).size).toBe(30)
  expect(new Chance(3).pick(values, 30)).toEqual(picked)
  expect(new Chance(4).pick(values, 30)).not.toEqual(picked)
})
