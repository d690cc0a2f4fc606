import { describe, expect, it } from 'vitest'
import { type Asked, joined } from './asked.ts'

const run: Asked = {
  release: '7.3.4',
  build: '#1 SMP',
  model: 'linux-7.3.4',
  seed: 1,
  histories: 100,
  steps: 17000,
  cut: 3,
  differing: [7],
}

describe('a run of random histories', () => {
  it('is added to the run that it goes on from', () => {
    expect(joined(run, { ...run, seed: 101, histories: 50, steps: 8000, cut: 1, differing: [120] })).toEqual({
      ...run,
      histories: 150,
      steps: 25000,
      cut: 4,
      differing: [7, 120],
    })
  })

  it.each([
    ['histories in between were not played', { seed: 102 }],
    ['the kernel is another build', { seed: 101, build: '#2 SMP' }],
    ['the model is another', { seed: 101, model: 'linux-7.3' }],
  ])('takes the place of what was written down when %s', (_, other) => {
    expect(joined(run, { ...run, ...other })).toEqual({ ...run, ...other })
  })
})
