import { describe, expect, it } from 'vitest'
import { GITS_BASER, profiles } from '../abi/index.ts'
import { PlantedVm, pciFunction } from '../audit/testing/planted-vm.ts'
import { budgetFor } from '../budget/testing/budget-for.ts'
import type { Gpa } from '../memory/index.ts'
import type { RepairOptions } from './index.ts'
import { planOne } from './testing/plan-one.ts'
import { goneRound, healthy, withOrphan } from './testing/small-vms.ts'

describe('nothing is written', () => {
  const everything = { allow: 'everything', strict: true } as const

  it('to a VM whose tables are larger than what can be looked at', () => {
    const { memory, ...input } = withOrphan(8).input()
    const plan = planOne({ ...input, memory, budget: budgetFor('sweep', 100) }, everything)
    expect(plan).toMatchObject({ writes: [], kernels: [], lost: [], lostDevices: [] })
    expect(plan.obstacles).toEqual([{ kernel: '', says: 'M703: the tables are larger than what can be looked at' }])
    expect([plan.memory.dirtyPages(), plan.memory === memory]).toEqual([[], false])
  })

  it('to a VM whose tables lie in RAM whose address the file does not tell', () => {
    const vm = withOrphan(8)
    vm.its = { baser: [GITS_BASER.pack({ valid: true, addressLow: 0x9000_0000, type: 1 }), vm.registers().itses[0]!.baser[1]!] }
    vm.more = { unlocated: [{ base: 0x9000_0000 as Gpa, bytes: 0x100_0000 }] }
    expect(planOne(vm.input(), everything)).toMatchObject({
      writes: [],
      obstacles: [{ says: 'M705: tables lie in RAM whose address the file does not tell' }],
    })
  })

  it('from a queue that has gone round, where the tables were never written', () => {
    const vm = new PlantedVm({ queuePages: 1 }).map(16, { 0: [8192, 0], 1: [8193, 0] })
    expect(planOne(goneRound(vm).input(), everything).writes).toEqual([])
    expect(planOne(vm.map(24, { 0: [8194, 0] }).input(), everything).writes).toEqual([])
  })

  it('from the queue while the witnesses disagree, about whatever mapping', () => {
    const lost = () => healthy().ite(24, 0, { pintid: 8194, icid: 0 }).ite(24, 2, {})
    expect(planOne(lost().input(), everything).writes).not.toEqual([])
    const disputed = Object.assign(lost(), { more: { msi: [pciFunction(16, [0])] } })
    expect(planOne(disputed.input(), everything)).toMatchObject({ writes: [], after: { verdict: 'corrupts' } })
    expect(() => planOne(disputed.input(), { ...everything, rebuild: true })).toThrow('the witnesses disagree (Q605)')
  })

  it('from a queue that has gone round, when all is to be written anew', () => {
    const vm = goneRound(healthy({ queuePages: 1 }))
    expect(() => planOne(vm.input(), { allow: 'proven', rebuild: true })).toThrow('wrapped, not whole')
  })

  it('about a problem that is not among those named', () => {
    expect(planOne(withOrphan(8).input(), { allow: new Set(['I303'] as const) }).writes).toEqual([])
    expect(planOne(withOrphan(8).input(), { allow: new Set(['D203'] as const) }).writes).toHaveLength(1)
  })

  it('about what is inferred, by a repair of what is proven', () => {
    const vm = Object.assign(withOrphan(8), { more: { msi: [pciFunction(16, [0])] } })
    expect(planOne(vm.input(), { allow: 'proven' }).writes).toEqual([])
  })

  it.each([
    ['an event that nobody knows, whose LPI a live one has', (vm: PlantedVm) => vm.ite(16, 4, { pintid: 8193, icid: 1 })],
    [
      'a device that nobody knows, in whose ITT a live one has its event',
      (vm: PlantedVm) => vm.dte(40, { size: 4, ittAddr: vm.itt(16) }).dte(24, { size: 4, next: 16, ittAddr: vm.itt(24) }),
    ],
  ])('about %s, by a repair of what is proven', (_what, plant) => {
    const sharing = (vm: PlantedVm) => Object.assign(vm, { more: { profile: profiles['linux-7.3'] } })
    const vm = () => sharing(plant(goneRound(healthy({ queuePages: 1 })).ite(16, 1, { pintid: 8193, icid: 1, next: 3 })))
    expect(planOne(vm().input(), { allow: 'proven' }).writes).toEqual([])
    expect(planOne(vm().input(), { allow: 'everything' }).writes).not.toEqual([])
  })

  it('to a VM that restores, unless somebody asks for more', () => {
    const shadowed = () =>
      new PlantedVm()
        .map(20, {})
        .save()
        .unmap(20)
        .map(16, { 0: [8192, 0] })
        .map(24, { 0: [8194, 0] })
        .save()
        .input()
    expect(planOne(shadowed(), { allow: 'everything' }).writes).toEqual([])
    expect(planOne(shadowed(), { allow: 'proven', seal: false, rebuild: false, strict: false }).writes).toEqual([])
    const asking: readonly RepairOptions[] = [
      everything,
      { allow: new Set(['D204']) },
      { allow: 'proven', rebuild: true },
      { allow: 'proven', seal: true },
    ]
    for (const options of asking) expect(planOne(shadowed(), options).writes).toHaveLength(1)
  })

  it('of a repair that is half done when the work for it is spent', () => {
    const input = withOrphan(8).input()
    const { writes, obstacles } = planOne({ ...input, budget: budgetFor('repair', 2 ** 24) }, { allow: 'everything' })
    const says = 'the budget of work is spent, and something is left undone'
    expect([writes.length, obstacles]).toEqual([1, [{ kernel: '', says, limit: 'work' }]])
    expect(planOne({ ...input, budget: budgetFor('repair', 0) }, { allow: 'everything' }).writes).toEqual([])
  })
})
