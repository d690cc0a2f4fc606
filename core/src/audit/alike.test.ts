import { describe, expect, it } from 'vitest'
import { profileIds, profiles, type Quirks, quirkSet, releasedKernels } from '../abi/index.ts'
import { Alike } from './alike.ts'
import { judgeKernels, setScene } from './index.ts'
import { simulateRestore } from './simulate.ts'
import { PlantedVm } from './testing/planted-vm.ts'
import { problemCases } from './testing/problem-cases/index.ts'

/** Answers with the quirks it was asked by, one reading `scan-overrun` only where there is `target-is-index`. */
function lazily(seen: Quirks[]): (quirks: Quirks) => string {
  return (quirks) => {
    seen.push(quirks)
    if (!quirks['target-is-index']) return 'by id'
    return quirks['scan-overrun'] ? 'by index, past the end' : 'by index'
  }
}

describe('kernels that cannot differ', () => {
  it('are those that agree in every quirk that was asked for, whatever else they have', () => {
    const seen: Quirks[] = []
    const alike = new Alike<string>()
    const answers = [
      quirkSet([]),
      quirkSet(['scan-overrun', 'keeps-unmapped']),
      quirkSet(['target-is-index']),
      quirkSet(['target-is-index', 'keeps-unmapped']),
      quirkSet(['target-is-index', 'scan-overrun']),
    ].map((quirks) => alike.of(quirks, lazily(seen)))
    expect(answers).toEqual(['by id', 'by id', 'by index', 'by index', 'by index, past the end'])
    expect(seen).toHaveLength(3)
  })

  it('are told apart by what an answer within an answer asked for, and by what finding it asked for', () => {
    const inner = new Alike<string>()
    const outer = new Alike<string>()
    const ask = (quirks: Quirks) => outer.of(quirks, (asked) => `all of it: ${inner.of(asked, lazily([]))}`)
    expect(ask(quirkSet(['target-is-index']))).toBe('all of it: by index')
    expect(ask(quirkSet(['target-is-index', 'scan-overrun']))).toBe('all of it: by index, past the end')
    const later = new Alike<string>()
    const again = (quirks: Quirks) => later.of(quirks, (asked) => inner.of(asked, lazily([])))
    expect([again(quirkSet(['target-is-index'])), again(quirkSet([]))]).toEqual(['by index', 'by id'])
  })

  it('share the restore of a healthy VM, whatever was released', () => {
    const scene = setScene(
      new PlantedVm()
        .map(16, { 0: [8192, 0] })
        .save()
        .input(),
    )
    const restores = new Set(releasedKernels.map((kernel) => scene.restoredBy(profiles[kernel].quirks)))
    expect(restores.size).toBe(1)
  })

  it.each(problemCases.map((one) => [one.code, one.when, one] as const))(
    'get the answer that each of them would get alone: %s, %s',
    (_code, _when, { vm }) => {
      const scene = setScene(vm().input())
      const together = judgeKernels([scene], profileIds)
      for (const [n, kernel] of profileIds.entries()) {
        const { quirks } = profiles[kernel]
        const alone = setScene(vm().input())
        expect(together[n]).toEqual(judgeKernels([alone], [kernel])[0])
        expect(scene.restoredBy(quirks)).toEqual(simulateRestore(alone.memory, alone.view, quirks, alone.share('restore')))
      }
    },
  )
})
