import { describe, expect, it } from 'vitest'
import { recorded } from '../memory/testing/recorded-texts.ts'
import { sampled } from '../memory/testing/runs.ts'
import { refusals, refusalsFile } from './testing/refusals.ts'

describe('a file that is damaged at one byte', () => {
  const known = recorded(refusalsFile)

  it('is recorded for every kind of file', () => {
    expect([...known.keys()]).toEqual([...refusals.keys()])
  })

  it.each(sampled([...refusals], 2))('opens, or is refused where and for what was recorded: %s', async (title, text) => {
    expect((await text()).split('\n')).toEqual(known.get(title)!.split('\n'))
  })
})
