import { describe, expect, it } from 'vitest'
import { proves, ruleNames, ruleRow } from './answer.ts'
import { ruleCases } from './testing/rule-cases.ts'

describe.each(ruleNames)('%s', (name) => {
  const { said, beyond, instead } = ruleCases[name]

  it(`lets the ${ruleRow(name).witness} say ${ruleRow(name).says}: ${ruleRow(name).when}`, () => {
    expect([said()].flat()).toContain(name)
  })

  it(`ends there: ${ruleRow(name).limit}`, () => {
    const found = [beyond()].flat()
    expect(found).not.toContain(name)
    if (instead !== undefined) expect(found).toContain(instead)
  })
})

describe('a witness', () => {
  it('proves nothing by silence, nor by what only follows from something else', () => {
    const proving = ruleNames.filter(proves)
    expect(proving.every((name) => ruleRow(name).says !== 'silent')).toBe(true)
    expect(ruleNames.filter((name) => ruleRow(name).says !== 'silent' && !proving.includes(name))).toEqual([
      'R-debugfs-listed',
      'R-debugfs-unlisted',
      'R-debugfs-event',
      'R-debugfs-lpi',
      'R-lpi-on',
      'R-lpi-taken',
      'R-itt-foreign',
      'R-itt-taken',
      'R-virtq-left',
      'R-vcpu-other',
    ])
  })
})
