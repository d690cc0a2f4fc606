import { describe, expect, it } from 'vitest'
import { kernelsInTurn } from './in-turn.ts'
import { pinnedKernels } from './pinned.ts'

const day = (n: number) => kernelsInTurn(pinnedKernels, new Date(n * 86_400_000 + 3_600_000))

describe('the kernels that the tests of the lab ask', () => {
  it('are those of guests, the newest, and one more, the same for a day', () => {
    expect(day(20_000).always).toEqual(['6.12', '6.1', '7.3.4'])
    expect(kernelsInTurn(pinnedKernels, new Date(20_000 * 86_400_000 + 80_000_000))).toEqual(day(20_000))
  })

  it('are all of them sooner or later', () => {
    const asked = new Set(pinnedKernels.map((_, n) => day(20_000 + n).inTurn))
    const rest = pinnedKernels.map(({ version }) => version).filter((version) => !asked.has(version))
    expect(rest).toEqual(['6.1.192', '6.12.117', '7.3.4'])
  })
})
