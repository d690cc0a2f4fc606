import type { Step } from '@vits/core/conformance'
import { describe, expect, it } from 'vitest'
import { stepsOf } from './case-steps.ts'
import { withHeads } from './heads.ts'
import { caseOf } from './side-by-side.ts'

const histories = Array.from({ length: 30 }, (_, n) => stepsOf(caseOf(n + 1)))
const isOfHeads = (step: Step | undefined) => step?.op === 'mem_write' && step.what === 'heads'

/** How often each ITS is saved, and how often heads come right after. */
function counted(steps: readonly Step[]) {
  const counts = new Map<number, { saves: number; headed: number }>()
  for (const [index, step] of steps.entries()) {
    if (step.op !== 'its_save_tables') continue
    const { saves, headed } = counts.get(step.its!) ?? { saves: 0, headed: 0 }
    counts.set(step.its!, { saves: saves + 1, headed: headed + (isOfHeads(steps[index + 1]) ? 1 : 0) })
  }
  return [...counts.values()]
}

describe.each(['proposed', 'ours'] as const)('a history to which heads are added (%s)', (kind) => {
  const headed = histories.map((history) => withHeads(history, 'linux-6.12.117', kind))

  it('is the same but for them', () => {
    expect(headed.map(({ steps }) => steps.filter((step) => !isOfHeads(step)))).toEqual(histories)
    expect(headed.reduce((sum, { heads }) => sum + heads, 0)).toBeGreaterThan(10)
  })

  it('has them after no more than every other save of an ITS, so that some are stale', () => {
    const counts = headed.flatMap(({ steps }) => counted(steps))
    for (const { saves, headed: times } of counts) expect(times).toBeLessThanOrEqual(Math.ceil(saves / 2))
    expect(counts.some(({ saves, headed: times }) => times > 0 && saves > times)).toBe(true)
  })
})
