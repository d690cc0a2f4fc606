import { ModelSubject, type Step } from '@vits/core/conformance'
import { describe, expect, it } from 'vitest'
import { PlantedVm } from '../../../core/src/audit/testing/planted-vm.ts'
import { fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
import { plantedCase } from '../../../core/src/inspect/testing/planted-machine.ts'
import type { Io } from '../io.ts'
import { LabError } from '../prove/lab-program.ts'
import { modelLab, vits } from '../testing/fake-io.ts'

const saved = (name: string) => fixtureFile(`${name}.mig.zst`).pathname

describe('vits prove', () => {
  it.each`
    file                       | code | outcome
    ${'healthy'}               | ${0} | ${'restores 2 collections, 9 devices, 22 events'}
    ${'scattered-clean'}       | ${0} | ${'restores 8 collections, 25 devices, 114 events'}
    ${'unrestorable.repaired'} | ${0} | ${'restores 2 collections, 4 devices, 13 events'}
    ${'mem-numa2-s1'}          | ${0} | ${'restores 2 collections, 9 devices, 22 events'}
    ${'mem-vmem-s1'}           | ${0} | ${'restores 2 collections, 11 devices, 26 events'}
  `('$file: $outcome, and the tables are read back', async ({ file, code, outcome }) => {
    const ran = await vits(['prove', saved(file)])
    expect([ran.code, ran.err]).toEqual([code, ''])
    expect(ran.out.split(outcome)).toHaveLength(3)
    expect(ran.out).toContain('as predicted')
  })

  it('says which call fails, RESTORE_TABLES or a register that is refused before it', async () => {
    const tables = await vits(['prove', saved('unrestorable')])
    expect([tables.code, tables.out]).toEqual([
      4,
      expect.stringMatching(/117 +RESTORE_TABLES fails: EINVAL\n.*\n {2}as predicted/),
    ])
    const vm = new PlantedVm().map(16, { 0: [8192, 0] }).save()
    vm.its = { iidr: 0x4b00143b }
    const register = await vits(['prove', 'vm.vits'], { 'vm.vits': await plantedCase(vm) })
    expect([register.code, register.out]).toEqual([
      4,
      expect.stringMatching(/117 +GITS_IIDR fails: EINVAL\n.*\n {2}as predicted/),
    ])
  })

  it('agrees with a kernel whose failed restore leaves behind what it had mapped by then', async () => {
    const lab: Io['lab'] = async () => {
      const model = new ModelSubject('linux-5.10.223')
      return { release: '5.10.223', play: async (steps) => steps.map((step) => model.play(step)), close: () => {} }
    }
    const ran = await vits(['prove', '--json', saved('unrestorable')], {}, { lab })
    expect([ran.code, JSON.parse(ran.out)]).toMatchObject([
      4,
      { profile: 'linux-5.10.223', answered: { rc: 'EINVAL' }, predicted: { rc: 'EINVAL' }, agrees: true },
    ])
    expect(JSON.parse(ran.out).answered.view.collections).toHaveLength(2)
  })

  it('says which mapping a kernel did not restore, and exits 8', async () => {
    const forgetful: Io['lab'] = async (kernel) => {
      const lab = await modelLab(kernel)
      const isItt = (step: Step) => step.op === 'mem_dump' && Number(step.len) < 0x10000
      const play: typeof lab.play = async (steps) =>
        (await lab.play(steps)).map((answer, n) => (isItt(steps[n]!) ? { nonzero: {} } : answer))
      return { ...lab, play }
    }
    const ran = await vits(['prove', saved('healthy')], {}, { lab: forgetful })
    expect(ran.code).toBe(8)
    expect(ran.out).toContain('predicted, but not restored:')
    expect(ran.out).toMatch(/DeviceID 0x\w+ EventID 0x0 -> LPI \d+, ICID 0x/)
    expect(ran.out).toContain('NOT as predicted')
  })

  it('asks a kernel for every ITS of a VM, and says of each what it did', async () => {
    const ran = await vits(['prove', fixtureFile('two-itses.vits').pathname])
    expect([ran.code, ran.err]).toEqual([0, ''])
    const [, first, second] = ran.out.split(/ {2}ITS \d at (?=0x)/)
    expect(first).toMatch(/^0x8080000\n {4}Linux 6\.12\.117 +restores 2 collections, 1 device, 2 events\n/)
    expect(second).toMatch(/^0x80a0000\n {4}Linux 6\.12\.117 +restores 2 collections, 1 device, 1 event\n/)
    expect(ran.out.match(/ {4}as predicted\n/g)).toHaveLength(2)
  })

  it('says at which ITS a kernel did something else, and what the others did', async () => {
    const refusing: Io['lab'] = async (kernel) => {
      const lab = await modelLab(kernel)
      const isSecond = (step: Step) => step.op === 'its_restore_tables' && step.its === 1
      const play: typeof lab.play = async (steps) =>
        (await lab.play(steps)).map((answer, n) => (isSecond(steps[n]!) ? { rc: 'EINVAL' } : answer))
      return { ...lab, play }
    }
    const ran = await vits(['prove', '--json', fixtureFile('two-itses.vits').pathname], {}, { lab: refusing })
    expect(ran.code).toBe(8)
    expect(JSON.parse(ran.out)).toMatchObject({
      answered: { rc: 'EINVAL' },
      predicted: { rc: '0' },
      agrees: false,
      itses: [
        { its: 0, base: '0x8080000', answered: { rc: '0', view: { devices: [{ deviceId: 16 }] } }, agrees: true },
        { its: 1, base: '0x80a0000', answered: { rc: 'EINVAL' }, predicted: { rc: '0' }, agrees: false },
      ],
    })
  })

  it('predicts for the kernel that answered, unless another is named', async () => {
    const { out } = await vits(['prove', '--json', '--profile', 'linux-5.10', saved('healthy')])
    expect(JSON.parse(out)).toMatchObject({ kernel: '6.12.117', profile: 'linux-5.10', agrees: true })
    expect((await vits(['prove', '--profile', 'linux-2.6', saved('healthy')])).code).toBe(16)
  })

  it('boots one kernel for all files, and none for files that cannot be read', async () => {
    let booted = 0
    let closed = 0
    const lab: Io['lab'] = async (kernel) => {
      booted++
      return { ...(await modelLab(kernel)), close: () => closed++ }
    }
    expect((await vits(['prove', '/nowhere'], {}, { lab })).code).toBe(8)
    expect(booted).toBe(0)
    expect((await vits(['prove', saved('healthy'), saved('unrestorable'), '/nowhere'], {}, { lab })).code).toBe(4 | 8)
    expect([booted, closed]).toEqual([1, 1])
  })

  it('passes on what the lab says when it is not set up', async () => {
    const lab: Io['lab'] = () => Promise.reject(new LabError('the lab is not set up'))
    const ran = await vits(['prove', saved('healthy')], {}, { lab })
    expect([ran.code, ran.out]).toEqual([8, ''])
    expect(ran.err).toMatch(/^vits: .*: the lab is not set up\n$/)
  })
})
