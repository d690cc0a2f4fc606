import { describe, expect, it } from 'vitest'
import { budgetFor } from '../budget/testing/budget-for.ts'
import type { Gpa } from '../memory/index.ts'
import { clearing } from './effect.ts'
import { setScene, type WordWrite } from './index.ts'
import { PlantedVm } from './testing/planted-vm.ts'
import { Trials } from './trials.ts'

const vm = new PlantedVm()
  .map(8, { 0: [8192, 0] })
  .map(16, { 0: [8193, 0] })
  .save()
const eight = [clearing(vm.memory, vm.dteAt(8))]
const sixteen = [clearing(vm.memory, vm.dteAt(16))]
const trials = (budget = 2 ** 30) => {
  const scene = setScene({ ...vm.input(), budget: budgetFor('trials', budget) })
  return { scene, tried: new Trials(scene) }
}
const devices = ({ mappings }: ReturnType<Trials['run']>) => mappings.devices.map(({ deviceId }) => deviceId)

describe('a restore that is tried', () => {
  it('is that of the tables as they are, until something is changed', () => {
    const { scene, tried } = trials()
    expect(tried.run()).toBe(scene.restored)
    expect(devices(tried.runWith(eight, 'to'))).toEqual([16])
    expect(tried.run()).toBe(scene.restored)
    tried.write([...eight, ...sixteen], 'to')
    expect(devices(tried.run())).toEqual([])
    expect(devices(tried.runWith(eight, 'from'))).toEqual([8])
    expect(devices(tried.run())).toEqual([])
    tried.undo()
    expect(tried.run()).toBe(scene.restored)
    const [{ at, from }] = eight as [WordWrite]
    expect(devices(tried.runWith([{ at, from, to: [from[0], 0] }], 'to'))).toEqual([16])
    expect(devices(scene.restored)).toEqual([8, 16])
  })

  it('leaves every word as it was, also one that others have changed to something else', () => {
    const { tried } = trials()
    const [{ at, from }] = eight as [WordWrite]
    tried.write(eight, 'to')
    tried.runWith([{ at, from, to: [1, 0] }], 'from')
    expect([tried.memory.u32(at), tried.memory.u32((at + 4) as Gpa)]).toEqual([0, 0])
  })

  it('is not tried again in a state that it was tried in, in whatever order that came about', () => {
    const { tried } = trials()
    const [one, both] = [tried.runWith(eight, 'to'), tried.runWith([...eight, ...sixteen], 'to')]
    expect(tried.runWith(eight, 'to')).toBe(one)
    expect(tried.runWith([...sixteen, ...eight], 'to')).toBe(both)
    tried.write(sixteen, 'to')
    expect(tried.runWith(eight, 'to')).toBe(both)
    expect(one).not.toBe(both)
  })

  it('is remembered where 64 words are changed, and not where more are', () => {
    const words = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ ...clearing(vm.memory, vm.dteAt(100 + i)), to: [1, 0] as const }))
    const { tried } = trials()
    expect(tried.runWith(words(64), 'to')).toBe(tried.runWith(words(64), 'to'))
    expect(tried.runWith(words(65), 'to')).not.toBe(tried.runWith(words(65), 'to'))
    expect(tried.runWith(words(66), 'to')).not.toBe(tried.runWith(words(67), 'to'))
  })

  it('is refused when what others have cost leaves nothing for it', () => {
    const { work } = trials().tried.runWith(eight, 'to')
    const [one, beside] = [2 ** 14, 2 ** 14 - 1]
    const { tried } = trials(one + work + beside)
    expect([tried.take(), tried.ranOut]).toEqual([true, false])
    tried.runWith(eight, 'to')
    tried.runWith(eight, 'to')
    expect([tried.take(), tried.ranOut]).toEqual([false, true])
    const enough = trials(one + work + one).tried
    expect(enough.take()).toBe(true)
    enough.runWith(eight, 'to')
    expect([enough.take(), enough.ranOut]).toEqual([true, false])
  })
})
