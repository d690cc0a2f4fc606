import type { Step } from '@vits/core/conformance'
import { describe, expect, it } from 'vitest'
import { fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
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
    ${'unrestorable'}          | ${4} | ${'RESTORE_TABLES fails: EINVAL'}
  `('$file: $outcome, and the tables are read back', async ({ file, code, outcome }) => {
    const ran = await vits(['prove', saved(file)])
    expect([ran.code, ran.err]).toEqual([code, ''])
    expect(ran.out.split(outcome)).toHaveLength(3)
    expect(ran.out).toContain('as predicted')
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

  it('predicts for the kernel that answered, unless another is named', async () => {
    const { out } = await vits(['prove', '--json', '--profile', 'linux-5.10', saved('healthy')])
    expect(JSON.parse(out)).toMatchObject({ kernel: '6.12.117', profile: 'linux-5.10', agrees: true })
    expect((await vits(['prove', '--profile', 'linux-9.9', saved('healthy')])).code).toBe(16)
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
