import { describe, expect, it } from 'vitest'
import { kernelSeries } from '../src/cache.ts'
import { manners } from '../src/commands/manners.ts'

describe.each(kernelSeries)('guests of odd manners on the KVM of Linux %s', (kernel) => {
  it('are saved as by the model, to the last byte, judged as they are restored, and harmed by no repair', async () => {
    expect(await manners(['--kernel', kernel, '--count', '3', '--seed', '1'])).toBe(0)
  })
})
