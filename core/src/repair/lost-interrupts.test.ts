import { describe, expect, it } from 'vitest'
import { KVM_DEV_ARM_CTRL as CTRL, KVM_DEV_ARM_VGIC_GRP as GRP } from '../abi/index.ts'
import type { ProblemCode } from '../audit/index.ts'
import { OWED_LPI, type Owing, owing } from '../audit/testing/owing-vm.ts'
import { PlantedVm } from '../audit/testing/planted-vm.ts'
import { knownRedistributors } from '../audit/testing/problem-cases/problem-case.ts'
import { openCase } from '../formats/testing/fixtures.ts'
import { inspect } from '../inspect/index.ts'
import { restoreVm } from '../kvm/index.ts'
import type { GuestMemory } from '../memory/index.ts'
import { pendingBit, pendingLpis } from '../tables/index.ts'
import type { RepairOptions } from './index.ts'
import { planOne } from './testing/plan-one.ts'

const proven: RepairOptions = { allow: 'proven' }
const everything: RepairOptions = { allow: 'everything' }
const only = (code: ProblemCode): RepairOptions => ({ allow: new Set([code]) })
const network: Owing = { kind: 'net' }
const atWork: Owing = { vcpus: ['waiting', 'kernel'] }

describe('a repair of an interrupt that was lost', () => {
  it.each([
    ['proven', {}, proven, 1],
    ['inferred, where only what is proven may be done', network, proven, 0],
    ['inferred, where everything may be done', network, everything, 1],
    ['inferred, where it is named', network, only('N801'), 1],
    ['inferred, where another problem is named', network, only('N802'), 0],
    ['perhaps taken by its handler, where only what is proven may be done', atWork, proven, 0],
    ['perhaps taken by its handler, where everything may be done', atWork, everything, 1],
    ['perhaps taken by its handler, where it is named', atWork, only('N802'), 1],
    ['that is pending', { isPending: true }, everything, 0],
  ] as const)('sets its bit and nothing else: %s', (_, options, how, writes) => {
    const vm = owing(options)
    const plan = planOne(vm.input(), how)
    expect([plan.writes.length, plan.obstacles]).toEqual([writes, []])
    if (writes === 0) return
    expect(plan.writes[0]).toMatchObject({ at: 0x4008_0400, from: [0, 0], to: [2, 0], kind: 'pending', id: 'LPI 8193 of vCPU 1' })
    expect(plan.itses[0]!.after).toMatchObject({ verdict: 'restores', lostInterrupts: 0, findings: [] })
  })

  it('sets no bit where the register of the pending table is not the guest’s: what is pending shows once that is mended', () => {
    const vm = knownRedistributors(owing({ isPending: true }).withRegistersOfFirst())
    const plan = planOne(vm.input(), everything)
    expect(plan.before.findings.map(({ code }) => code).sort()).toEqual(['N801', 'R107'])
    expect([plan.writes, plan.obstacles, plan.after.findings]).toEqual([[], [], []])
    expect(plan.registerWrites).toMatchObject([{ register: 'GICR_PENDBASER', vcpuId: 1, code: 'R107' }])
  })

  it('makes the LPI pending in the restored VM, and the next save keeps it', () => {
    const vm = owing()
    const { memory } = planOne(vm.input(), proven)
    expect(pendingAfterSave(vm, memory)).toEqual([[], [OWED_LPI]])
    expect(pendingAfterSave(vm, vm.memory)).toEqual([[], []])
  })

  it('leaves leftovers alone that do no harm', () => {
    const vm = owing(
      network,
      new PlantedVm()
        .map(24, { 0: [8195, 0] })
        .save()
        .unmap(24)
        .map(8, { 0: [8192, 0], 1: [8193, 1] })
        .map(16, { 0: [8194, 0] })
        .save(),
    )
    const { writes } = planOne(vm.input(), everything)
    expect(writes.map(({ code }) => code)).toEqual(['N801'])
  })
})

/** What is pending on each vCPU in the tables that KVM writes once it has restored this RAM. */
function pendingAfterSave(vm: PlantedVm, memory: GuestMemory): readonly (readonly number[])[] {
  const ram = memory.fork()
  const outcome = restoreVm(ram, vm.registers())
  if (!outcome.ok) throw new Error(outcome.reason)
  for (const { pendbaser } of vm.redistributors) ram.fill(Number(pendbaser & 0xffff_ffff_0000n) as never, 0x2000, 0)
  outcome.value.gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_SAVE_PENDING_TABLES))
  return vm.redistributors.map(({ pendbaser }) => pendingLpis(ram, pendbaser).lpis)
}

describe('of real guests under load', () => {
  it.each([
    ['lost-split', 8195, 0, 'the disk at 00:02.0'],
    ['lost-packed', 8193, 0, 'the disk at 00:01.0'],
  ] as const)('%s has lost the one interrupt for which its guest hung, and is mended', async (name, lpi, vcpuId, fn) => {
    const machine = await openCase(name)
    const inspection = await inspect(machine)
    const [report] = inspection.audit()
    expect(report).toMatchObject({ verdict: 'corrupts', lostInterrupts: 1, lost: 0 })
    expect(report!.findings.map(({ code, confidence }) => [code, confidence])).toEqual([['N801', 'proven']])
    expect(report!.findings[0]!.says).toContain(fn)
    const plan = inspection.plan()
    expect([plan.writes.length, plan.obstacles]).toEqual([1, []])
    expect(plan.itses[0].after).toMatchObject({ verdict: 'restores', findings: [] })
    expect(pendingBit(inspection.memory, machine.registers, vcpuId, lpi)!.isSet).toBe(false)
    expect(pendingBit(plan.memory, machine.registers, vcpuId, lpi)!.isSet).toBe(true)
  })

  it('one whose interrupts are all pending has no finding', async () => {
    const inspection = await inspect(await openCase('pending-packed'))
    const [report] = inspection.audit()
    expect(report).toMatchObject({ verdict: 'restores', findings: [] })
    expect(inspection.pending().vcpus.map(({ lpis }) => lpis)).toEqual([
      [8193, 8197, 8200],
      [8194, 8199],
    ])
  })
})
