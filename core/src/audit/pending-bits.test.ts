import { describe, expect, it } from 'vitest'
import { GICR_PENDBASER } from '../abi/index.ts'
import { restoreVm } from '../kvm/index.ts'
import type { Gpa } from '../memory/index.ts'
import { audit, setScene, setScenes } from './index.ts'
import { PlantedVm, pendingTable } from './testing/planted-vm.ts'

const pend = (vm: PlantedVm, vcpuId: number, ...lpis: readonly number[]): PlantedVm => vm.pend(vcpuId, ...lpis)

/** LPI 8192 goes to vCPU 0, LPI 8300 to vCPU 1, LPI 8400 was an event's that is discarded, and LPI 8401 goes nowhere. */
const planted = () =>
  new PlantedVm()
    .map(16, { 0: [8192, 0], 1: [8300, 1], 2: [8400, 0], 3: [8401, 7] })
    .save()
    .discard(16, 2)
    .save()

/** LPIs 8192 to 8194 go to vCPU 0. */
const wellMapped = () =>
  new PlantedVm()
    .map(16, { 0: [8192, 0] })
    .map(24, { 0: [8193, 0], 1: [8194, 0] })
    .save()

const findings = (vm: PlantedVm) => audit(setScene(vm.input())).findings
const says = (vm: PlantedVm) => findings(vm).map((finding) => `${finding.code} ${finding.says}`)
const strays = (vm: PlantedVm) =>
  findings(vm)
    .filter(({ code }) => code === 'L403')
    .map((finding) => finding.says)

describe('a pending bit', () => {
  it.each([
    ['of a live event, for its vCPU', () => pend(pend(planted(), 0, 8192), 1, 8300)],
    ['below the first LPI, which no redistributor reads', () => pend(planted(), 0, 0, 8191)],
    ['behind the table', () => pend(planted(), 0, 65536, 66000)],
  ])('is nobody’s trouble: %s', (_what, vm) => {
    expect(strays(vm())).toEqual([])
  })

  it.each([
    ['the last LPI', [65535], 0, 65535, 1],
    ['the first of a word', [8224], 0, 8224, 1],
    ['the last of a word', [8255], 1, 8255, 1],
    ['several in one word and in others', [8200, 8201, 8231, 9000], 0, 8200, 4],
    ['a dead event’s', [8400], 0, 8400, 1],
    ['none among those of live events', [8192, 8193], 0, 8193, 1],
    ['an event’s whose collection is not listed', [8401], 0, 8401, 1],
  ])('is told of with the first such LPI and how many there are: %s', (_what, lpis, vcpu, first, count) => {
    expect(strays(pend(planted(), vcpu, ...lpis))).toEqual([
      count === 1
        ? `A pending bit on vCPU ${vcpu}, for LPI ${first}, belongs to no event that is mapped to it.`
        : `${count} pending bits on vCPU ${vcpu}, the first for LPI ${first}, belong to no event that is mapped to it.`,
    ])
  })

  it('is told of for each vCPU that has one', () => {
    expect(strays(pend(pend(planted(), 0, 9000), 1, 9001))).toHaveLength(2)
  })

  it('is one too many where it is set on the vCPU to which its event goes as well', () => {
    expect(says(pend(pend(wellMapped(), 0, 8192), 1, 8192))).toEqual([
      'L403 A pending bit on vCPU 1, for LPI 8192, belongs to no event that is mapped to it.',
    ])
  })

  it('may be a lost interrupt where it is set on another vCPU alone: that is inferred', () => {
    const vm = pend(pend(wellMapped(), 1, 8192, 8193), 0, 8194)
    expect(says(vm)).toEqual([
      'L404 2 LPIs, the first 8192, are pending on vCPU 1 and not on vCPU 0, to which their events go: no restore reads that.',
    ])
    expect(findings(vm)).toMatchObject([
      {
        confidence: 'inferred',
        severity: 'note',
        fix: {
          says: 'set the pending bits of 2 LPIs on vCPU 0, and clear them on vCPU 1',
          safe: false,
          writes: [
            { at: pendingTable(0) + 1024, from: [4, 0], to: [7, 0] },
            { at: pendingTable(1) + 1024, from: [3, 0], to: [0, 0] },
          ],
        },
      },
    ])
  })

  it('is moved only where there are not more of them than a guest can have waiting', () => {
    const events = Object.fromEntries(Array.from({ length: 65 }, (_, event) => [event, [8192 + event, 0] as const]))
    const lpis = Array.from({ length: 65 }, (_, event) => 8192 + event)
    const many = () => new PlantedVm().map(16, events, { bits: 7 }).save()
    expect(findings(pend(many(), 1, ...lpis))).toMatchObject([{ code: 'L404', fix: { writes: [] } }])
    expect(findings(pend(many(), 1, ...lpis.slice(1)))[0]!.fix.writes).toHaveLength(4)
  })

  it('is not told of where not every ITS was looked at: another may have the LPI', () => {
    const registers = planted().registers()
    const vm = Object.assign(pend(planted(), 0, 9000), { more: { registers: { ...registers, unreadItses: 1 } } })
    expect(says(vm).filter((one) => one.startsWith('L'))).toEqual([])
  })

  it('of an event of another ITS is that event’s, and what is nobody’s is told of once', () => {
    const first = new PlantedVm().map(16, { 0: [8192, 0] }).save()
    new PlantedVm({ beside: first }).map(16, { 0: [8200, 1] }).save()
    pend(pend(first, 0, 8192, 9000), 1, 8200)
    const reports = setScenes(first.input()).map(audit)
    expect(reports.map((report) => report.findings.map(({ says }) => says))).toEqual([
      ['A pending bit on vCPU 0, for LPI 9000, belongs to no event that is mapped to it.'],
      [],
    ])
  })

  it('of a live event that the tables do not have is not called nobody’s', () => {
    const vm = pend(new PlantedVm().map(16, { 0: [8192, 0] }), 0, 8192)
    expect(says(vm).filter((one) => one.startsWith('L'))).toEqual([])
  })

  it('is not looked for where the table is not in RAM', () => {
    const vm = pend(planted(), 1, 9000)
    vm.redistributors = vm.redistributors.map((one) => (one.vcpuId === 0 ? { ...one, pendbaser: 0n } : one))
    expect(strays(vm)).toHaveLength(1)
  })
})

describe('a pending table outside RAM', () => {
  /** Three vCPUs, of which the last has no event and this pending table. */
  const idle = (pendbaser: bigint, ctlr = 1) => {
    const vm = new PlantedVm({ vcpus: 3 }).map(16, { 0: [8192, 0], 1: [8193, 1] }).save()
    vm.redistributors = vm.redistributors.map((one) => (one.vcpuId === 2 ? { ...one, ctlr, pendbaser } : one))
    return vm
  }

  it.each([
    [0n, 'is not set'],
    [0x3000_0000n, 'at 0x30000000 is not all in guest RAM'],
  ])('is told of where LPIs are enabled and no event goes there: %s', (pendbaser, words) => {
    expect(says(idle(pendbaser))).toEqual([`L405 LPIs are enabled on vCPU 2, whose pending table ${words}.`])
  })

  it('is nobody’s trouble while LPIs are disabled, or where RAM may be', () => {
    expect(says(idle(0n, 0))).toEqual([])
    const unlocated = [{ base: 0x3000_0000 as Gpa, bytes: 0x100_0000 }]
    expect(says(Object.assign(idle(0x3000_0000n), { more: { unlocated } }))).toEqual([])
  })

  it('is told of by the restore of an event that goes there, once', () => {
    const vm = idle(0n)
    vm.redistributors = vm.redistributors.map((one) => (one.vcpuId === 1 ? { ...one, pendbaser: 0n } : one))
    expect(
      findings(vm)
        .map(({ code }) => code)
        .sort(),
    ).toEqual(['L402', 'L405'])
  })
})

it('PTZ in a saved register keeps no restore from reading the pending bits', () => {
  const vm = pend(wellMapped(), 0, 8192)
  const { address } = GICR_PENDBASER.unpack(vm.redistributors[0]!.pendbaser)
  vm.redistributors = vm.redistributors.map((one) =>
    one.vcpuId === 0 ? { ...one, pendbaser: GICR_PENDBASER.pack({ address, ptz: true }) } : one,
  )
  const restored = restoreVm(vm.memory.fork(), vm.registers())
  if (!restored.ok) throw restored
  const { lpis } = restored.value.vm.gic
  expect(lpis.isPending(lpis.find(8192))).toBe(true)
  expect(says(vm)).toEqual([])
})
