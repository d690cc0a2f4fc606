import { describe, expect, it } from 'vitest'
import { recorded } from '../memory/testing/recorded-texts.ts'
import { plans, plansFile } from './testing/plans.ts'

describe('the plan for each planted problem', () => {
  const known = recorded(plansFile)

  it('is recorded', () => {
    expect([...known.keys()]).toEqual([...plans.keys()])
  })

  it.each([...plans])('changes the words that were recorded, for the same reasons, and comes to the same: %s', (title, text) => {
    expect(text()).toBe(known.get(title))
  })
})
