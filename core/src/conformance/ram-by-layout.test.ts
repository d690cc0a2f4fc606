import { describe, expect, it } from 'vitest'
import { audit, setScene } from '../audit/index.ts'
import { auditFixture } from '../audit/testing/audit-fixture.ts'
import { PlantedVm } from '../audit/testing/planted-vm.ts'
import { openFixture } from '../formats/testing/fixtures.ts'
import { coalesce, type GpaRange, gpa } from '../memory/index.ts'
import { dteRanges, ittRanges, lpiRanges, registerRanges, tableView } from '../tables/index.ts'
import { ModelSubject, planRestore, ramByLayout } from './index.ts'

const MIB = 2 ** 20
const RAM = 0x4000_0000
const PLUGGED = gpa(0x8000_0000)

describe('the RAM that a judge is given', () => {
  const vm = new PlantedVm().map(8, { 0: [8192, 0] }).save()
  const given = (...blocks: readonly [name: string, mib: number][]) =>
    ramByLayout(
      blocks.map(([name, mib]) => ({ name, bytes: mib * MIB })),
      vm.memory,
      vm.registers(),
    )

  it.each([
    ['one block beside firmware and ROMs', given(['mach-virt.ram', 64], ['virt.flash0', 64], ['0000:00:01.0/nic.rom', 1]), 64],
    ['the backends of NUMA nodes', given(['b', 64], ['a', 32], ['/rom@etc/acpi/tables', 1], ['pvtime', 1]), 96],
  ])('is %s', (_, ram, mib) => {
    expect(ram).toEqual([{ base: RAM, bytes: mib * MIB }])
  })

  it.each(['numa', 'healthy', 'mem-numa2-s1', 'bridge-s2'])('is that of the reader where all are right: %s', async (name) => {
    const { blocks, ranges, registers } = await openFixture(name)
    const { memory } = await auditFixture(name)
    expect(ramByLayout(blocks, memory, registers)).toEqual(ranges)
  })

  it('is in no more pieces than a VM in the lab has slots for', () => {
    const many = new PlantedVm()
    for (let deviceId = 0; deviceId < 40; deviceId++) many.map(deviceId, { 0: [8192 + deviceId, 0] })
    many.save()
    const far = (n: number) => PLUGGED + n * MIB + (n > 20 ? 4096 * MIB : 0)
    for (let deviceId = 0; deviceId < 40; deviceId++) many.dte(deviceId, { size: 0, next: 1, ittAddr: far(deviceId) })
    const blocks = [
      { name: 'mach-virt.ram', bytes: 64 * MIB },
      { name: 'dimm', bytes: 8192 * MIB },
    ]
    const [, ...pieces] = ramByLayout(blocks, many.memory, many.registers())
    expect(pieces).toEqual([
      { base: far(0), bytes: 20 * MIB + 0x1000 },
      { base: far(21), bytes: 18 * MIB + 0x1000 },
    ])
  })

  it('contradicts a reader who overlooks what was plugged', async () => {
    const { blocks } = await openFixture('mem-vmem-s1')
    const { memory, registers } = await auditFixture('mem-vmem-s1')
    const overlooked = memory.fork()
    overlooked.removeRegion(PLUGGED)
    expect(audit(setScene({ memory: overlooked, registers }))).toMatchObject({ verdict: 'fails', errno: 'EFAULT' })
    const ram = ramByLayout(blocks, overlooked, registers)
    expect(coalesce(ram)).toEqual([
      { base: RAM, bytes: 128 * MIB },
      { base: 0x8047_0000, bytes: 0x2000 },
    ])
    const { deviceTable } = tableView(registers)
    const named = [...registerRanges(registers), ...dteRanges(overlooked, deviceTable), ...ittRanges(overlooked, deviceTable)]
    const answer = (given: readonly GpaRange[]) => {
      const plan = planRestore({ ram: given, registers, memory: overlooked, needed: [...named, ...lpiRanges(registers)] })
      const judge = new ModelSubject('linux-6.12.117')
      return plan.steps.map((step) => judge.play(step))[plan.itses[0]!.restore]
    }
    expect([answer(overlooked.ranges), answer(ram)]).toMatchObject([{ rc: 'EFAULT' }, { rc: '0' }])
  })
})
