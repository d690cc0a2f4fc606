import { describe, expect, it } from 'vitest'
import { GITS_TRANSLATER, ITS_FRAME_BYTES, type MsiFunction, profileIds, profiles, VIRT_ITS } from '../abi/index.ts'
import { audit, judgeKernels, setScene, setScenes } from './index.ts'
import { PlantedVm, pciFunction } from './testing/planted-vm.ts'

/** A VM with two ITSes: DeviceID 16 is mapped in both, to other LPIs. */
function twoItses() {
  const first = new PlantedVm().map(16, { 0: [8192, 0], 1: [8193, 1] }).save()
  const second = new PlantedVm({ beside: first }).map(16, { 0: [8200, 0] }).map(24, { 0: [8201, 1] })
  return { first, second: second.save() }
}

/** As `twoItses`; device 8 of the second was unmapped, and its entry stayed. */
function orphanInSecond(lpi = 8300) {
  const first = new PlantedVm().map(16, { 0: [8192, 0], 1: [8193, 1] }).save()
  const second = new PlantedVm({ beside: first })
    .map(8, { 0: [lpi, 0] })
    .save()
    .unmap(8)
    .map(16, { 0: [8200, 0] })
    .save()
    .dte(8, { size: 4, next: 8, ittAddr: 0x4300_8000 })
  return { first, second }
}

const reports = (vm: PlantedVm) => setScenes(vm.input()).map(audit)
const codes = (vm: PlantedVm) => reports(vm).map(({ findings }) => findings.map(({ code }) => code))

/** A PCI function that sends its MSIs to the ITS at `index`. */
function functionOf(index: number, deviceId: number, events: readonly number[]): MsiFunction {
  const address = BigInt(VIRT_ITS + index * ITS_FRAME_BYTES + GITS_TRANSLATER)
  const target = { kind: 'translater', its: index } as const
  const plain = pciFunction(deviceId, events)
  return { ...plain, vectors: plain.vectors.map((vector) => ({ ...vector, address, target })) }
}

describe('a VM with two ITSes', () => {
  it('is well when both are, and each report says which it is about', () => {
    const found = reports(twoItses().first)
    expect(found.map(({ its, verdict, findings }) => [its, verdict, findings])).toEqual([
      [{ index: 0, base: VIRT_ITS }, 'restores', []],
      [{ index: 1, base: VIRT_ITS + ITS_FRAME_BYTES }, 'restores', []],
    ])
    expect(found.map(({ live }) => live)).toEqual([
      { devices: 1, events: 2 },
      { devices: 2, events: 2 },
    ])
  })

  it('is told of, when only one of them is looked at', () => {
    const input = twoItses().first.input()
    const says = (its: number) => audit(setScene({ ...input, its })).findings.map((finding) => finding.says)
    expect([says(0), says(1)]).toEqual([
      ['The VM has 2 ITSes; only the first is looked at.'],
      ['The VM has 2 ITSes; only ITS 1 is looked at.'],
    ])
  })

  it('has the orphan of one found there, and nothing in the other', () => {
    const { first } = orphanInSecond()
    expect(codes(first)).toEqual([[], ['D203']])
  })

  it('is restored whole by every kernel, which fails when one ITS does and says what each loses', () => {
    const { first, second } = orphanInSecond()
    for (const row of judgeKernels(setScenes(first.input()), profileIds)) {
      expect([row.kernel, row.verdict, row.revived.count]).toEqual([row.kernel, 'corrupts', 1])
      expect(row.itses.map(({ its, revived }) => [its.index, revived.first])).toEqual([
        [0, []],
        [1, [[8, 0]]],
      ])
    }
    second.dte(8, { size: 19, next: 8, ittAddr: 0x4300_8000 })
    const [row] = judgeKernels(setScenes(first.input()), ['linux-7.3'])
    const its = { index: 1, base: VIRT_ITS + ITS_FRAME_BYTES }
    expect(row).toMatchObject({ verdict: 'fails', errno: 'EINVAL', failure: { call: 'RESTORE_TABLES', its } })
  })

  it('fails at the ITS whose register a kernel refuses, whatever is wrong with the tables of another', () => {
    const { first, second } = twoItses()
    first.dte(16, { size: 19, next: 0, ittAddr: 0x4100_0000 })
    second.its = { iidr: 0x4b00143b }
    const [row] = judgeKernels(setScenes(first.input()), ['linux-7.3'])
    expect(row!.failure).toMatchObject({ call: 'GITS_IIDR', errno: 'EINVAL', its: { index: 1 } })
  })

  it('names the ITS whose save takes the host down (CVE-2026-89912)', () => {
    const { first, second } = twoItses()
    const { creadr } = second.registers().itses[0]!
    second.command('MAPC', { icid: 1, valid: false }).its = { creadr }
    const [row] = judgeKernels(setScenes(first.input()), ['linux-6.6'])
    expect(row).toMatchObject({ failure: undefined, save: { call: 'SAVE_TABLES', its: { index: 1 } } })
  })
})

describe('an LPI, which is the whole VM’s', () => {
  it('is claimed twice when live events of two ITSes have it: told once, with the later ITS', () => {
    const { first, second } = twoItses()
    second.map(32, { 3: [8192, 0] }).save()
    expect(codes(first)).toEqual([[], ['I310']])
    first.more = { profile: profiles['linux-7.3'] }
    expect(codes(first)).toEqual([[], ['I305']])
    expect(reports(first)[1]!.findings[0]).toMatchObject({
      deviceId: 32,
      eventId: 3,
      says: 'LPI 8192 is claimed by event 3 of DeviceID 0x20 and by event 0 of DeviceID 0x10 of ITS 0.',
    })
  })

  it('is no orphan’s when a live event of another ITS has it', () => {
    const [, report] = reports(orphanInSecond(8193).first)
    expect(report!.findings.map(({ code }) => code)).toEqual(['D203', 'I305'])
    expect(report!.findings[0]!.evidence).toContainEqual({
      witness: 'tables',
      rule: 'R-lpi-taken',
      says: "LPI 8193 is a live event's of DeviceID 0x10 of ITS 0",
      at: undefined,
    })
  })
})

describe('a PCI function of a VM with two ITSes', () => {
  it('is a witness for the ITS whose GITS_TRANSLATER its vectors name, and for no other', () => {
    const { first } = twoItses()
    first.more = { msi: [functionOf(0, 16, [0, 1]), functionOf(1, 24, [0])] }
    expect(codes(first)).toEqual([[], []])
    first.more = { msi: [functionOf(0, 16, [0]), functionOf(1, 24, [0])] }
    expect(codes(first)).toEqual([['Q605'], []])
  })

  it('tells nothing without a vector: its DeviceID may be of either', () => {
    const { first } = twoItses()
    first.more = { msi: [pciFunction(16, [], false)] }
    expect(codes(first)).toEqual([[], []])
  })
})
