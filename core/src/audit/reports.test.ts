import { describe, expect, it } from 'vitest'
import { recorded } from '../memory/testing/recorded-texts.ts'
import { reports, reportsFile } from './testing/reports.ts'

describe('the report on each planted problem', () => {
  const known = recorded(reportsFile)

  it('is recorded', () => {
    expect([...known.keys()]).toEqual([...reports.keys()])
  })

  it.each([...reports])('says of every entry, effect and fix what was recorded: %s', (title, text) => {
    expect(text()).toBe(known.get(title))
  })
})
