import { describe, expect, it } from 'vitest'
import { LPI_CONFIGURATION, PlantedVm } from '../audit/testing/planted-vm.ts'
import { bytesSource, openSavedMachine } from '../formats/index.ts'
import { edited } from '../formats/testing/edited.ts'
import { fixtureText, openCase, openFixture } from '../formats/testing/fixtures.ts'
import { sharingCase } from '../formats/testing/shared-registers.ts'
import { type LinuxDevice, LinuxMemory } from '../guest-kernel/testing/linux-memory.ts'
import type { Gpa } from '../memory/index.ts'
import { type InspectOptions, inspect } from './index.ts'
import { plantedMachine } from './testing/planted-machine.ts'

const HEAP = 0x4300_0000
const configurationOf = (lpi: number): Gpa => (LPI_CONFIGURATION + lpi - 8192) as Gpa

/** A VM whose ring has gone round, with two devices of which its guest's kernel knows; what the tables hold is changed by `spoil`. */
function wrapped(listed: (vm: PlantedVm) => readonly LinuxDevice[], unsent = 0): PlantedVm {
  const vm = new PlantedVm({ queuePages: 1 })
    .map(8, { 0: [8192, 0], 1: [8193, 1] })
    .map(16, { 0: [8224, 0] })
    .goRoundWith(16)
    .save()
  for (const lpi of [8192, 8193, 8224]) vm.memory.setU8(configurationOf(lpi), 0xa1)
  const linux = new LinuxMemory({ memory: vm.memory, heap: HEAP })
  linux.its(vm.registers().itses[0]!, listed(vm), unsent)
  linux.btf(HEAP + (8 << 20))
  return vm
}

const disk = (vm: PlantedVm): LinuxDevice => ({ deviceId: 8, itt: vm.itt(8), lpiBase: 8192, events: { 0: 0, 1: 1 } })
const net = (vm: PlantedVm): LinuxDevice => ({ deviceId: 16, itt: vm.itt(16), lpiBase: 8224, events: { 0: 0 } })

async function asked(vm: PlantedVm, options?: InspectOptions) {
  const inspection = await inspect(plantedMachine(vm), options)
  const [report] = inspection.audit()
  return { inspection, report: report!, codes: report!.findings.map(({ code }) => code) }
}

describe('the guest kernel as a witness', () => {
  it('tells all that the guest has mapped where the ring has gone round', async () => {
    const vm = wrapped((one) => [disk(one), net(one)])
    expect((await asked(vm, { guestKernel: 'never' })).report).toMatchObject({ whole: false, unknown: 2 })
    const { report, codes } = await asked(vm)
    expect(report).toMatchObject({ verdict: 'restores', whole: true, unknown: 0, live: { devices: 2, events: 3 } })
    expect(codes).toEqual([])
  })

  it('proves that a device is an orphan, and a repair of what is proven takes it out', async () => {
    const vm = wrapped((one) => [net(one)])
    for (const lpi of [8192, 8193]) vm.memory.setU8(configurationOf(lpi), 0xa0)
    const { inspection, report } = await asked(vm)
    expect(report).toMatchObject({ verdict: 'corrupts', orphans: { devices: [8] } })
    expect(report.findings[0]).toMatchObject({
      code: 'D203',
      confidence: 'proven',
      evidence: [{ witness: 'guest kernel', rule: 'R-kernel-unlisted' }, { rule: 'R-lpi-off' }],
    })
    const { writes, obstacles, itses } = inspection.plan()
    expect([writes.length, obstacles, itses[0]!.after.verdict]).toEqual([1, [], 'restores'])
  })

  it('proves that an event is an orphan which it does not have allocated', async () => {
    const { report } = await asked(wrapped((vm) => [{ ...disk(vm), events: { 0: 0 } }, net(vm)]))
    expect(report).toMatchObject({ verdict: 'corrupts', orphans: { devices: [], events: [[8, 1]] } })
  })

  it('tells that a device is lost which the tables do not hold', async () => {
    const modem = (vm: PlantedVm): LinuxDevice => ({ deviceId: 24, itt: vm.itt(24), lpiBase: 8256, events: { 0: 0 } })
    const { codes } = await asked(wrapped((vm) => [disk(vm), net(vm), modem(vm)]))
    expect(codes).toContain('D209')
  })

  it('tells of an event that goes elsewhere, and of a device with another ITT', async () => {
    expect((await asked(wrapped((vm) => [{ ...disk(vm), events: { 0: 0, 1: 0 } }, net(vm)]))).codes).toContain('I308')
    const { report } = await asked(wrapped((vm) => [{ ...disk(vm), itt: vm.itt(8) + 0x800 }, net(vm)]))
    expect(report.findings.find(({ code }) => code === 'D212')?.says).toMatch(/ITT 0x41008000 and 5 .* with ITT 0x41008800 and 5/)
  })

  it('is not believed over the queue: where they disagree, nothing is proven', async () => {
    const { report, codes } = await asked(wrapped((vm) => [disk(vm)]))
    expect(codes).toContain('Q605')
    expect(report.findings.every(({ confidence, severity }) => severity === 'note' || confidence === 'inferred')).toBe(true)
  })

  it('is not asked where the queue tells all, unless one says so', async () => {
    const vm = new PlantedVm().map(8, { 0: [8192, 0] }).save()
    new LinuxMemory({ memory: vm.memory, heap: HEAP }).btf(HEAP + (8 << 20)).its(vm.registers().itses[0]!, [])
    expect((await asked(vm)).report.guestKernel).toBeUndefined()
    expect((await asked(vm, { guestKernel: 'always' })).codes).toContain('Q605')
  })

  it('says where a list was looked for in vain, and the rest stays as it was', async () => {
    const vm = new PlantedVm({ queuePages: 1 })
      .map(16, { 0: [8192, 0] })
      .goRoundWith(16)
      .save()
    const { report, codes } = await asked(vm)
    expect(report.guestKernel).toMatchObject({ missing: { reason: expect.stringMatching(/^no copy of the registers/) } })
    expect(codes).toContain('Q603')
  })

  it('is silent of devices that a command names of which the ITS was not told', async () => {
    const vm = wrapped((one) => [net(one)], 32)
    const { inspection } = await asked(vm)
    // The slot behind CWRITER holds what the ring held before: a command about device 16.
    expect(inspection.beliefs().device(16).kernel.rule).toBe('R-kernel-waits')
    expect(inspection.beliefs().device(8).kernel.rule).toBe('R-kernel-unlisted')
  })

  it.each([
    ['smmu-s3', 'BTF', { devices: 7, events: 18 }, [8, 40]],
    ['bridge-s2', 'probing', { devices: 5, events: 16 }, []],
  ] as const)('decides all of a real VM whose ring has gone round: %s', async (name, by, live, orphans) => {
    const [without] = (await inspect(await openFixture(name))).audit()
    expect(without).toMatchObject({ whole: false, guestKernel: { missing: {} } })
    const [report] = (await inspect(await openCase(`${name}-kernel`))).audit()
    expect(report).toMatchObject({ whole: true, unknown: 0, live, orphans: { devices: orphans }, guestKernel: { found: { by } } })
    expect(fixtureText(`${name}.guest-view.txt`)?.match(/^ *\d+:.*ITS-/gm)).toHaveLength(live.events)
  })
})

describe('the guest kernel’s redistributors', () => {
  const sharing = async (...lpis: readonly number[]) => openSavedMachine(bytesSource(await sharingCase(...lpis)))

  it('are looked for when vCPUs share a pending table, and tell what a restore would lose', async () => {
    const [report] = (await inspect(await sharing(8193))).audit()
    expect(report).toMatchObject({
      verdict: 'corrupts',
      findings: [{ code: 'R107', severity: 'corrupts', confidence: 'proven' }],
    })
    expect(report!.findings[0]!.says).toContain('where an LPI is pending that no restore reads')
  })

  it('mend the registers: what is written is the VM as it was before', async () => {
    const machine = await sharing(8193)
    const inspection = await inspect(machine)
    const plan = inspection.plan()
    expect(plan).toMatchObject({
      writes: [],
      obstacles: [],
      registerWrites: [{ register: 'GICR_PENDBASER', vcpuId: 1, proven: true }],
    })
    const original = await openCase('bridge-s2-kernel')
    expect(plan.registers).toEqual(original.registers)
    expect(await inspection.edits(plan)).toHaveLength(1)
    const mended = await inspect(await openSavedMachine(bytesSource(await edited(machine, new Map(), plan.registers))))
    const [report] = mended.audit()
    const [was] = (await inspect(original)).audit()
    expect([report!.verdict, report!.findings, report!.restored]).toEqual([was!.verdict, was!.findings, was!.restored])
    expect(
      mended
        .pending()
        .devices.flatMap(({ events }) => events)
        .filter(({ pending }) => pending?.isSet),
    ).toMatchObject([{ lpi: 8193, vcpuId: 1 }])
  })

  it('are not looked for where each vCPU has a table of its own, unless one says so', async () => {
    const original = await openCase('bridge-s2-kernel')
    expect((await inspect(original)).loaded.guestKernel?.redistributors).toBeUndefined()
    const always = await inspect(original, { guestKernel: 'always' })
    expect(always.loaded.guestKernel?.redistributors).toMatchObject({ found: { vcpus: [{ vcpuId: 0 }, { vcpuId: 1 }] } })
    expect(always.audit()[0]!.findings).toEqual([])
  })

  it('are missing where nothing is asked of RAM: all that is known is that the registers cannot be right', async () => {
    const [report] = (await inspect(await sharing(), { guestKernel: 'never' })).audit()
    expect(report!.findings.map(({ code }) => code).sort()).toEqual(['Q603', 'R106'])
  })
})
