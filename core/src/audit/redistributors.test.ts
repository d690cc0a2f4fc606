import { describe, expect, it } from 'vitest'
import { GICR_PENDBASER, GICR_PROPBASER } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { audit, setScene, setScenes } from './index.ts'
import { LPI_CONFIGURATION, PlantedVm, pendingTable } from './testing/planted-vm.ts'
import { copied, knownRedistributors } from './testing/problem-cases/problem-case.ts'

/** LPIs 8192 and 8300 go to vCPU 0, LPIs 8193 and 8301 to vCPU 1. */
const mapped = (options = {}) =>
  new PlantedVm(options)
    .map(16, { 0: [8192, 0], 1: [8193, 1] })
    .map(24, { 0: [8300, 0], 1: [8301, 1] })
    .save()

const report = (vm: PlantedVm) => audit(setScene(vm.input()))
const says = (vm: PlantedVm) => report(vm).findings.map((finding) => `${finding.code} ${finding.says}`)

describe('vCPUs with one pending table', () => {
  it('are told of once for each table: all but one of the registers are wrong', () => {
    const vm = mapped({ vcpus: 5 }).withRegistersOfFirst()
    vm.redistributors = vm.redistributors.map((one) =>
      one.vcpuId < 3 ? one : { ...one, pendbaser: GICR_PENDBASER.pack({ address: pendingTable(3) }) },
    )
    expect(says(vm)).toEqual([
      `R106 3 vCPUs (0, 1, 2) have the same pending table at 0x${pendingTable(0).toString(16)}: all but one of these registers are wrong.`,
      `R106 2 vCPUs (3, 4) have the same pending table at 0x${pendingTable(3).toString(16)}: all but one of these registers are wrong.`,
    ])
    expect(report(vm)).toMatchObject({ verdict: 'corrupts' })
  })

  it('are as they should be where LPIs are disabled on all of them but one', () => {
    const vm = mapped({ vcpus: 4 }).withRegistersOfFirst()
    vm.redistributors = vm.redistributors.map((one) => (one.vcpuId === 0 ? one : { ...one, ctlr: 0 }))
    expect(says(vm).filter((one) => one.startsWith('R106'))).toEqual([])
  })

  it('are no matter of registers that name no RAM', () => {
    const vm = mapped()
    vm.redistributors = vm.redistributors.map((one) => ({ ...one, pendbaser: 0n }))
    expect(says(vm).filter((one) => one.startsWith('R'))).toEqual([])
  })

  it('are told of by the first ITS alone', () => {
    const vm = mapped()
    new PlantedVm({ beside: vm }).map(16, { 0: [8200, 0] }).save()
    const reports = setScenes(vm.withRegistersOfFirst().input()).map(audit)
    expect(reports.map(({ findings }) => findings.map(({ code }) => code))).toEqual([['R106'], []])
  })
})

describe('the tables that the guest’s kernel has', () => {
  it('tell which registers are wrong, and where the kernel says so', () => {
    const vm = knownRedistributors(mapped().withRegistersOfFirst())
    expect(report(vm).findings).toMatchObject([
      {
        code: 'R107',
        severity: 'latent',
        confidence: 'proven',
        says: 'GICR_PENDBASER of vCPU 1 names 0x40070000; its guest has the pending table at 0x40080000, where nothing is pending.',
        evidence: [{ witness: 'guest kernel', rule: 'R-kernel-rdist', at: 0x4200_1010 }],
      },
    ])
    expect(report(vm).verdict).toBe('restores')
  })

  it('tell how many interrupts a restore loses: those of events that go to the vCPU and are not pending where it reads', () => {
    const lost = (...lpis: number[]) =>
      report(
        knownRedistributors(
          mapped()
            .withRegistersOfFirst()
            .pend(1, ...lpis),
        ),
      ).findings[0]!
    expect([lost(8193).severity, lost(8193).says]).toEqual([
      'corrupts',
      'GICR_PENDBASER of vCPU 1 names 0x40070000; its guest has the pending table at 0x40080000, where an LPI is pending that no restore reads.',
    ])
    expect(lost(8193, 8301).says).toContain('where 2 LPIs are pending that no restore reads')
    // Of an event that goes elsewhere, and of none.
    expect(lost(8192, 9000).says).toContain('where nothing is pending')
    const both = knownRedistributors(mapped().withRegistersOfFirst().pend(1, 8193).pend(0, 8193))
    expect(report(both).findings.map(({ severity }) => severity)).toContain('latent')
  })

  it('are set in the register with all else in it as it was', () => {
    const vm = mapped().withRegistersOfFirst()
    const attributes = { innerCache: 7, shareability: 1, outerCache: 2 }
    vm.redistributors = vm.redistributors.map((one) => ({
      ...one,
      pendbaser: GICR_PENDBASER.pack({ address: pendingTable(0), ...attributes }) + 0x7fn,
    }))
    const [finding] = report(knownRedistributors(vm)).findings
    const to = GICR_PENDBASER.pack({ address: pendingTable(1), ...attributes }) + 0x7fn
    expect(finding!.fix).toEqual({
      says: `set GICR_PENDBASER of vCPU 1 to 0x${to.toString(16)}`,
      safe: true,
      writes: [],
      registers: [{ register: 'GICR_PENDBASER', vcpuId: 1, from: vm.redistributors[1]!.pendbaser, to }],
    })
  })

  it('are not asked of a vCPU that takes no LPIs', () => {
    const vm = knownRedistributors(mapped({ vcpus: 3 }))
    vm.redistributors = vm.redistributors.map((one) => (one.vcpuId === 2 ? { ...one, ctlr: 0, pendbaser: 0n } : one))
    expect(says(vm)).toEqual([])
  })

  it('leave it open which register is right of vCPUs that the kernel does not tell of', () => {
    const four = mapped({ vcpus: 4 })
    const { more } = knownRedistributors(mapped({ vcpus: 2 }))
    const vm = Object.assign(four, { more })
    vm.redistributors = vm.redistributors.map((one) =>
      one.vcpuId < 2 ? one : { ...one, pendbaser: GICR_PENDBASER.pack({ address: pendingTable(2) }) },
    )
    expect(says(vm).map((one) => one.slice(0, 4))).toEqual(['R106'])
  })

  it('that were not found tell nothing', () => {
    const missing = { reason: 'nothing of a redistributor is in the RAM that was searched', at: undefined }
    const vm = Object.assign(mapped().withRegistersOfFirst(), { more: { guestRedistributors: { missing } } })
    expect(report(vm).findings).toMatchObject([
      { code: 'R106', fix: { says: expect.stringMatching(/^take the registers .*; of its kernel: nothing of a redistributor/) } },
    ])
  })

  it('tell of another configuration table once, for all vCPUs that have it', () => {
    const vm = knownRedistributors(mapped({ vcpus: 3 }))
    const at = (LPI_CONFIGURATION + 0x10_0000) as Gpa
    vm.redistributors = vm.redistributors.map((one) =>
      one.vcpuId === 1 ? one : { ...one, propbaser: GICR_PROPBASER.pack({ idBits: 15, address: at }) },
    )
    expect(report(vm).findings).toMatchObject([
      {
        code: 'R108',
        confidence: 'inferred',
        says: 'GICR_PROPBASER of vCPU 0, 2 names 0x40150000; the guest has the LPI configuration table at 0x40050000.',
        evidence: [{ rule: 'R-kernel-rdist', at: 0x4210_0008 }],
        fix: { registers: [{ vcpuId: 0 }, { vcpuId: 2, to: vm.redistributors[1]!.propbaser }] },
      },
    ])
  })
})

describe('registers that Cloud Hypervisor saved in place of others', () => {
  it('are one finding for all vCPUs, whatever the guest’s kernel tells', () => {
    const vm = copied(mapped({ vcpus: 4 }))
    expect(report(vm).findings).toMatchObject([
      {
        code: 'R109',
        severity: 'corrupts',
        confidence: 'proven',
        says: `Cloud Hypervisor saved the registers of vCPU 0 for vCPU 1, 2, 3 too: all have the pending table at 0x${pendingTable(0).toString(16)}.`,
        fix: { says: 'take the registers from another save of this VM', safe: false, registers: [] },
      },
    ])
    const known = report(
      knownRedistributors(
        copied(mapped({ vcpus: 4 }))
          .pend(1, 8193, 8301)
          .pend(2, 9000),
      ),
    )
    expect(known.findings).toMatchObject([
      {
        code: 'R109',
        severity: 'corrupts',
        says: expect.stringMatching(/; in those that the guest has, 2 LPIs are pending that no restore reads\.$/),
        evidence: [1, 2, 3].map((vcpuId) => ({ rule: 'R-kernel-rdist', at: 0x4200_0010 + vcpuId * 0x1000 })),
        fix: { safe: true, registers: [1, 2, 3].map((vcpuId) => ({ register: 'GICR_PENDBASER', vcpuId })) },
      },
    ])
  })

  it('are still half known where the kernel does not tell of every vCPU', () => {
    const four = copied(mapped({ vcpus: 4 }))
    const { more } = knownRedistributors(mapped({ vcpus: 2 }))
    expect(report(Object.assign(four, { more })).findings).toMatchObject([
      { code: 'R109', severity: 'corrupts', fix: { safe: false, registers: [{ vcpuId: 1 }] } },
    ])
  })

  it('are no longer told of once each vCPU has its own', () => {
    const vm = copied(mapped())
    vm.redistributors = vm.redistributors.map((one) => ({
      ...one,
      pendbaser: GICR_PENDBASER.pack({ address: pendingTable(one.vcpuId) }),
    }))
    expect(says(vm)).toEqual([])
  })
})
