import { describe, expect, it } from 'vitest'
import type { Gpa } from '../memory/index.ts'
import { restoreTables, savePendingTables, saveTables } from './index.ts'
import { LiveIts } from './testing/live-its.ts'
import { newest, withQuirks } from './testing/planted.ts'

describe('saving the pending tables', () => {
  const pend = (vm: LiveIts, ...intids: number[]) => {
    for (const intid of intids) vm.gic.lpis.setPending(vm.gic.lpis.find(intid), true)
    return vm
  }

  it('writes each LPI’s bit to the table of its target and clears the bits of those no longer pending', () => {
    const vm = pend(new LiveIts({ vcpuIds: [0, 1] }).map(3, [1, 2, 9]), 8193, 8201)
    vm.gic.lpis.retarget(vm.gic.lpis.find(8201), 1)
    vm.memory.setU8(vm.gic.pendingAt(8192, 0), 0b101)
    expect(savePendingTables(vm.gic)).toEqual({ ok: true, value: 3 })
    expect(vm.memory.u8(vm.gic.pendingAt(8192, 0))).toBe(0b011)
    expect([0, 1].map((vcpu) => vm.memory.u8(vm.gic.pendingAt(8201, vcpu)))).toEqual([0, 0b10])
  })

  it('leaves the first KiB alone: there is no LPI below 8192', () => {
    const vm = pend(new LiveIts().map(3, [0, 7]), 8192)
    const table = vm.gic.redistributors[0]!.pendingTable.base
    vm.memory.fill(table, 1024 + 1, 0xaa)
    saveTables(vm.its)
    savePendingTables(vm.gic)
    const bytes = vm.memory.read(table, 1024 + 2)
    expect([bytes.subarray(0, 1024).every((byte) => byte === 0xaa), ...bytes.subarray(1024)]).toEqual([true, 0x2b, 0])
    const other = vm.successor()
    restoreTables(other.its)
    savePendingTables(other.gic)
    expect(other.memory.read(table, 1024).every((byte) => byte === 0xaa)).toBe(true)
  })

  it('leaves the bits of LPIs that are not mapped, and passes over LPIs without a target', () => {
    const vm = new LiveIts()
    vm.its.collections.set(6, -1)
    vm.map(3, [1], { icid: 6 })
    vm.memory.setU8(vm.gic.pendingAt(8192, 0), 0xff)
    expect(savePendingTables(pend(vm, 8193).gic)).toEqual({ ok: true, value: 0 })
  })

  it('stops with EFAULT at the first bit that is not in RAM; lower ones are written', () => {
    const vm = pend(new LiveIts({ vcpuIds: [0, 1] }).map(3, [1, 2]), 8193, 8194)
    vm.gic.lpis.retarget(vm.gic.lpis.find(8194), 1)
    vm.gic.setPendbaser(1, 0x10000n)
    expect(savePendingTables(vm.gic)).toMatchObject({ errno: 'EFAULT', where: { at: (0x10000 + 1024) as Gpa } })
    expect(vm.memory.u8(vm.gic.pendingAt(8193, 0))).toBe(0b10)
  })

  it('pending-save-stale-byte: before 5.5 LPIs of two vCPUs in one byte got each other’s bits, in the order of their creation', () => {
    const saved = (first: number, second: number, quirks = withQuirks('pending-save-stale-byte')) => {
      const vm = new LiveIts({ vcpuIds: [0, 1], quirks }).map(3, [first, second])
      vm.gic.lpis.retarget(vm.gic.lpis.find(8194), 1)
      savePendingTables(pend(vm, 8193, 8194).gic)
      return [0, 1].map((vcpu) => vm.memory.u8(vm.gic.pendingAt(8192, vcpu)))
    }
    expect(saved(1, 2, newest)).toEqual([0b010, 0b100])
    expect(saved(1, 2)).toEqual([0b010, 0b110])
    expect(saved(2, 1)).toEqual([0b110, 0b100])
  })

  it('takes the bit of an LPI that hardware delivers from there', () => {
    const vm = new LiveIts().map(3, [1, 2])
    vm.gic.lpis.setForwarded(vm.gic.lpis.find(8193), true)
    expect(savePendingTables(vm.gic, { vlpiPending: (intid) => intid === 8193 || intid === 8194 })).toEqual({
      ok: true,
      value: 1,
    })
    expect(vm.memory.u8(vm.gic.pendingAt(8193, 0))).toBe(0b10)
  })
})
