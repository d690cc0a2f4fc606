import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  KVM_DEV_ARM_CTRL as CTRL,
  GICR_SGI,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  LEVEL_INFO_ATTR,
  redistributorAttr,
} from '../../abi/index.ts'
import { CpuInterface, type PrivateInterrupts, SPURIOUS } from '../../its/index.ts'
import { KvmVm } from '../../kvm/index.ts'
import { saveRegisters } from './saved-gic.ts'

/** vCPUs with the affinities of their ids, and an ITS, as register writes need no more. */
function machine(...vcpuIds: number[]) {
  const vm = new KvmVm()
  for (const id of vcpuIds) vm.createVcpu(id)
  const gic = vm.createGic()
  const its = vm.createIts()
  gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_CTRL_INIT))
  its.setAttr(GRP.ADDR, 4n, 0x808_0000n)
  vm.gic.lpis.delivering = true
  return { vm, gic, its, privates: vm.gic.redistributors.map(({ privates }) => privates) }
}

/** INTIDs that a vCPU takes, one by one; a PPI whose line stays high is taken once. */
function takeAll({ vm }: ReturnType<typeof machine>, vcpu: number): number[] {
  const cpu = new CpuInterface(vm.gic, vcpu)
  cpu.group1 = true
  cpu.priorityMask = 0xff
  cpu.binaryPoint = 7
  const taken: number[] = []
  for (let intid = cpu.acknowledge(); intid !== SPURIOUS; intid = cpu.acknowledge()) {
    taken.push(intid)
    vm.gic.redistributors[vcpu]!.privates.setLines(0)
    cpu.complete()
  }
  return taken
}

const mask = fc.integer({ min: 0, max: 0xffff_ffff })
const state = fc.record({
  group1: mask,
  enabled: mask,
  latch: mask,
  lines: mask,
  active: mask,
  priorities: fc.uint8Array({ minLength: 32, maxLength: 32 }),
})

function put(privates: PrivateInterrupts, wanted: typeof state extends fc.Arbitrary<infer S> ? S : never): void {
  privates.setGroup1(wanted.group1)
  privates.setEnabled(0xffff_ffff, false)
  privates.setEnabled(wanted.enabled, true)
  privates.setLines(wanted.lines)
  privates.raise(wanted.latch)
  privates.setActive(wanted.active, true)
  for (const [intid, priority] of wanted.priorities.entries()) privates.setPriority(intid, priority)
}

const seen = (privates: PrivateInterrupts) => {
  const { group1, enabled, latched, lines, active } = privates
  const priorities = Array.from({ length: 32 }, (_, intid) => privates.priority(intid))
  return { group1, enabled, latched, lines, active, priorities }
}

describe('the SGIs and PPIs of a VM', () => {
  it('come back in another one by the registers of their redistributors, and a guest takes what it would have taken', () => {
    fc.assert(
      fc.property(state, state, (first, second) => {
        const source = machine(0, 17)
        put(source.privates[0]!, first)
        put(source.privates[1]!, second)
        const destination = machine(0, 17)
        for (const { device, group, attr, value } of saveRegisters(source, [0, 17])) {
          expect(destination[device].setAttr(group, attr, value).ok).toBe(true)
        }
        for (const vcpu of [0, 1]) {
          expect(seen(destination.privates[vcpu]!)).toEqual(seen(source.privates[vcpu]!))
          expect(takeAll(destination, vcpu).sort()).toEqual(takeAll(source, vcpu).sort())
        }
      }),
    )
  })

  it('of a GIC are reached by the affinity of a vCPU alone', () => {
    const { gic, privates } = machine(0, 17)
    gic.setAttr(GRP.REDIST_REGS, redistributorAttr(17, GICR_SGI.ISPENDR0), 0b10n)
    gic.setAttr(GRP.LEVEL_INFO, LEVEL_INFO_ATTR.ofPrivate(17), 1n << 20n)
    expect(privates.map(({ latched, lines }) => [latched, lines])).toEqual([
      [0, 0],
      [0b10, 1 << 20],
    ])
  })
})
