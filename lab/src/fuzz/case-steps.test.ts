import { type ProfileId, profiles } from '@vits/core/abi'
import { answerFields, ModelSubject } from '@vits/core/conformance'
import { describe, expect, it } from 'vitest'
import { stepsOf } from './case-steps.ts'
import { caseOf } from './side-by-side.ts'

const seeds = Array.from({ length: 12 }, (_, n) => n + 1)

describe('a random history', () => {
  it('is the same for the same seed', () => {
    for (const seed of seeds) expect(stepsOf(caseOf(seed))).toEqual(stepsOf(caseOf(seed)))
  })

  it.each(Object.keys(profiles) as ProfileId[])('is answered in full by the model of %s', (profile) => {
    for (const seed of seeds) {
      const model = new ModelSubject(profile)
      for (const step of stepsOf(caseOf(seed))) {
        const answer = model.play(step)
        if (answerFields[step.op].length > 0) expect(Object.keys(answer)).not.toEqual([])
      }
    }
  })

  it('comes to every kind of answer that matters', () => {
    const met = new Set<string>()
    for (const seed of Array.from({ length: 80 }, (_, n) => n + 1)) {
      const model = new ModelSubject('linux-6.12.117')
      for (const step of stepsOf(caseOf(seed))) met.add(`${step.op} ${model.play(step)['rc']}`)
    }
    expect([...met]).toEqual(
      expect.arrayContaining([
        'its_restore_tables 0',
        'its_restore_tables EINVAL',
        'its_restore_tables EFAULT',
        'its_restore_tables EEXIST',
        'its_write EBUSY',
        'its_write EINVAL',
        'signal_msi 0',
        'signal_msi 1',
        'signal_msi EBUSY',
        'signal_msi EINVAL',
      ]),
    )
  })
})
