import { describe, expect, it } from 'vitest'
import { vits } from '../testing/fake-io.ts'

describe('vits selftest vlpi', () => {
  it('prints what became of the pending interrupts, one line for each way to save, and exits 0', async () => {
    const { code, out, err } = await vits(['selftest', 'vlpi', '--lpis', '512', '--software', '64'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^8 vCPUs, 512 LPIs delivered by hardware, 64 by software; 288 pending/)
    expect(out).toMatch(/^GICv4\.0 +EACCES +source +288 +0 +0 {2}as it must$/m)
    expect(out).toMatch(/^GICv4\.1 +saved +restored +288 +0 +0 {2}as it must$/m)
    expect(out).toMatch(/^GICv4\.1, unmap left out +saved +restored +\d+ +[1-9]\d* +[1-9]\d* {2}as it must$/m)
    expect(out).toMatch(/PASS\n$/)
  })

  it('with --sgis also tells what became of those: they arrive by registers, unless they are read while no vPE is mapped', async () => {
    const { code, out } = await vits(['selftest', 'vlpi', '--lpis', '64', '--software', '8', '--vcpus', '3', '--sgis'])
    expect(code).toBe(0)
    expect(out).toMatch(/; 24 SGIs pending\n/)
    expect(out).toMatch(/^GICv4\.1 +saved +restored +36 +0 +0 +24 +0 +0 {2}as it must$/m)
    expect(out).toMatch(/^GICv4\.1, vSGIs +saved +restored +36 +0 +0 +24 +0 +0 {2}as it must$/m)
    expect(out).toMatch(/^GICv4\.1, vSGIs, read between +saved +restored +36 +0 +0 +0 +24 +0 {2}as it must$/m)
  })

  it('prints the same as one JSON document', async () => {
    const { code, out } = await vits(['selftest', 'vlpi', '--lpis', '64', '--software', '0', '--vcpus', '2', '--json'])
    const report = JSON.parse(out)
    expect(code).toBe(0)
    expect(report).toMatchObject({
      schema: 1,
      vcpus: 2,
      direct: 64,
      software: 0,
      pending: 32,
      pendingInHardware: 32,
      passed: true,
    })
    expect(report.rehearsals.map(({ happened }: { happened: unknown }) => happened)).toHaveLength(3)
  })

  it('refuses a number it cannot use', async () => {
    expect((await vits(['selftest', 'vlpi', '--vcpus', '0'])).code).toBe(16)
  })
})
