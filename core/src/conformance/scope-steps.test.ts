import { describe, expect, it } from 'vitest'
import type { Gpa } from '../memory/index.ts'
import { explore, type HistoryStep, type Scope, ScopeVm, scopes } from '../scope/index.ts'
import { restoreTables } from '../tables/index.ts'
import { nonzeroWords } from './hex.ts'
import { ModelSubject } from './model-subject.ts'
import { ScopeSteps } from './scope-steps.ts'

/** Histories of a scope to states from the first to the last. */
function histories(scope: Scope, every: number): (readonly HistoryStep[])[] {
  const found: (readonly HistoryStep[])[] = []
  const state = (visit: { history(): readonly HistoryStep[] }) => void found.push(visit.history())
  explore({ ...scope, restoredOn: [] }, { every, mostStates: 1000, visitor: { state } })
  return found
}

/** What lies in the tables of a scope. */
function tables({ ram, memory }: Pick<ScopeVm, 'ram' | 'memory'>) {
  const parts = [
    ...ram.deviceTables.map((at) => [at, ram.deviceTableBytes] as const),
    ...ram.pages.map((at) => [at, 0x10000] as const),
  ]
  return [...parts, [ram.collectionTable, 0x10000] as const, [ram.itts[0]!, 0x200] as const].map(([at, bytes]) =>
    nonzeroWords(memory, at, bytes),
  )
}

const rcs = (model: ModelSubject, { steps }: ScopeSteps) => steps.map((step) => model.play(step)['rc'] ?? '0')

const everything: Scope = {
  ...scopes.keeping,
  guest: 'any',
  operations: [
    ...scopes.keeping.operations,
    'MAPC V=0',
    'RESET',
    'RESET over old tables',
    'SCRIBBLE',
    'GITS_BASER0 moves',
    'GITS_BASER0 back',
  ],
}

const asked: Readonly<Record<string, Scope>> = {
  'a kernel that clears': scopes.clearing,
  'tables of two levels': scopes['clearing-two-level'],
  'any command, resets, scribbles and tables that move': everything,
}

describe('the steps of a recording', () => {
  it.each(Object.entries(asked))('leave in the tables what the history of a scope leaves there: %s', (_, scope) => {
    for (const history of histories(scope, 61)) {
      const vm = new ScopeVm(scope)
      vm.play(history)
      const model = new ModelSubject(scope.kernel)
      const steps = new ScopeSteps(scope)
      steps.begin()
      for (const step of history) steps.play(step)
      rcs(model, steps)
      expect(tables({ ram: vm.ram, memory: model.vm.memory })).toEqual(tables(vm))
    }
  })

  it('end with a restore in a new VM, or in the same after a reset: both have the same then', () => {
    for (const history of histories(scopes.clearing, 131)) {
      const [there, here] = (['a new VM', 'the same VM'] as const).map((where) => {
        const steps = new ScopeSteps(scopes.clearing)
        steps.begin()
        for (const step of history) steps.play(step)
        steps.finish(where)
        const model = new ModelSubject('linux-6.12.117')
        expect(new Set(rcs(model, steps))).toEqual(new Set(['0']))
        return tables({ ram: new ScopeVm(scopes.clearing).ram, memory: model.vm.memory })
      })
      expect(there).toEqual(here)
    }
  })

  it('of one history after another in one VM are those of each in its own', () => {
    const scope = scopes['clearing-two-level']
    const together = new ModelSubject(scope.kernel)
    const first = new ScopeSteps(scope)
    first.begin()
    rcs(together, first)
    for (const history of histories(scope, 111)) {
      const alone = new ModelSubject(scope.kernel)
      rcs(alone, first)
      const [anew, again] = [new ScopeSteps(scope, 'where entries are'), new ScopeSteps(scope)]
      anew.beginAnew()
      for (const steps of [anew, again]) {
        for (const step of history) steps.play(step)
        steps.finish('the same VM')
      }
      rcs(together, anew)
      rcs(alone, again)
      const { ram } = new ScopeVm(scope)
      expect(tables({ ram, memory: together.vm.memory })).toEqual(tables({ ram, memory: alone.vm.memory }))
    }
  })

  it('restore what somebody else has saved', () => {
    const scope = scopes.seal
    const vm = new ScopeVm(scope)
    vm.play(histories(scope, 499).at(-1)!)
    vm.save()
    const steps = new ScopeSteps(scope)
    steps.begin()
    steps.restoreImage({ memory: vm.memory })
    const model = new ModelSubject('linux-7.3.4')
    rcs(model, steps)
    const restored = new ScopeVm(scope)
    for (const at of vm.memory.dirtyPages()) restored.memory.write(at as Gpa, vm.memory.read(at, 4096))
    expect(restoreTables(restored.its).ok).toBe(true)
    expect(model.vm.itses[0]!.its.devices.count).toBe(restored.its.devices.count)
    expect(model.vm.itses[0]!.its.events.count).toBe(restored.its.events.count)
  })
})
