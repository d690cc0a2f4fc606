import { describe, expect, it } from 'vitest'
import { DTE, GITS_BASER } from '../abi/index.ts'
import type { AuditInput } from '../audit/index.ts'
import { PlantedVm } from '../audit/testing/planted-vm.ts'
import { type Gpa, GuestMemory } from '../memory/index.ts'
import { planOne } from './testing/plan-one.ts'

const RAM = 0x4000_0000

describe('tables made to hurt', () => {
  it('are not repaired when not everything in them can be looked at', () => {
    const sane = new PlantedVm().registers()
    const memory = new GuestMemory([{ base: RAM as Gpa, bytes: 0x200_0000, backing: 'sparse' }])
    const { lo, hi } = DTE.encode({ valid: true, next: 1, size: 15, ittAddr: RAM + 0x100_0000 })
    for (let i = 0; i < 65536; i++) memory.setWord((RAM + 0x10_0000 + i * 8) as Gpa, lo, hi)
    memory.fill((RAM + 0x100_0000) as Gpa, 65536 * 8)
    const devices = GITS_BASER.pack({ valid: true, type: 1, pageSize: 2, addressLow: RAM + 0x10_0000, pages: 7 })
    const input: AuditInput = {
      memory,
      registers: { ...sane, itses: [{ ...sane.itses[0]!, baser: [devices, ...sane.itses[0]!.baser.slice(1)] }] },
    }
    const { writes, obstacles } = planOne(input, { allow: 'everything' })
    expect([writes, obstacles.map(({ says }) => says)]).toEqual([[], ['M703: the tables are larger than what can be looked at']])
  })

  it('are cleared of more orphans than one report lists', () => {
    const vm = new PlantedVm()
    vm.map(7000, { 0: [8192, 0] }).save()
    for (let deviceId = 0; deviceId < 1200; deviceId++) vm.dte(deviceId, { size: 0, next: 1, ittAddr: vm.itt(deviceId) })
    const plan = planOne(vm.input(), { allow: 'proven', strict: true })
    expect([plan.writes.length, plan.after.findings, plan.obstacles, plan.lost]).toEqual([1200, [], [], []])
  })

  it('are not repaired when they have more findings than a report lists', () => {
    const vm = new PlantedVm().map(8, {}).map(16, {}).save().unmap(8).unmap(16)
    const { writes, obstacles } = planOne({ ...vm.input(), budget: { findings: 1 } }, { allow: 'everything' })
    expect([writes, obstacles]).toEqual([[], [{ kernel: '', says: 'M704: there are more findings than a report lists' }]])
  })
})
