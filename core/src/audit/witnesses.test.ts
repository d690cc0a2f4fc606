import { describe, expect, it } from 'vitest'
import { profiles } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { audit, type Finding, setScene } from './index.ts'
import { PlantedVm, pciFunction } from './testing/planted-vm.ts'

const goRound = (vm: PlantedVm, deviceId: number) => vm.goRoundWith(deviceId)
const small = () => new PlantedVm({ queuePages: 1 })
/** Device 16 is mapped; the DTE of device 8 stayed behind. */
const withOrphan = () =>
  small()
    .map(8, { 0: [8200, 0] })
    .save()
    .unmap(8)
    .map(16, { 0: [8192, 0] })
    .save()
    .dte(8, { size: 4, next: 8, ittAddr: 0x4100_8000 })
/** A vector that is set to what is no ITS known here: a GICv2m frame, or an address that an IOMMU translates. */
const elsewhere = (data: number) => ({ address: 0xffff_f040n, target: { kind: 'elsewhere' } as const, data, masked: false })
const find = (vm: PlantedVm, code: string): Finding | undefined =>
  audit(setScene(vm.input())).findings.find((finding) => finding.code === code)
const says = (finding: Finding | undefined) =>
  finding?.evidence.map(({ witness, against }) => (against ? `not ${witness}` : witness))

describe('what speaks for a finding', () => {
  it('is every witness that knows the mapping', () => {
    const vm = withOrphan()
    vm.more = { msi: [pciFunction(8, [], false), pciFunction(16, [0])] }
    expect(says(find(vm, 'D203'))).toEqual(['command queue', 'LPI configuration'])
    const discarded = small()
      .map(16, { 0: [8200, 0], 1: [8193, 0] })
      .save()
      .discard(16, 0)
      .save()
    discarded.more = { msi: [pciFunction(16, [1])] }
    expect(says(find(discarded, 'I303'))).toEqual(['command queue', 'PCI state', 'LPI configuration'])
  })

  it('is the PCI state alone when the queue has gone round', () => {
    const vm = goRound(
      small()
        .map(8, { 0: [8200, 0] })
        .map(16, { 0: [8192, 0] })
        .save(),
      16,
    )
    expect(find(vm, 'I303')).toBeUndefined()
    vm.more = { msi: [pciFunction(8, [], false), pciFunction(16, [0])] }
    expect(find(vm, 'I303')).toMatchObject({ confidence: 'proven', deviceId: 8, eventId: 0, fix: { safe: true } })
    expect(says(find(vm, 'I303'))).toEqual(['PCI state', 'LPI configuration'])
  })

  it('of a loss is weaker when the chain that KVM saved leads past the place of a device that has no entry', () => {
    const lost = (deviceId: number) =>
      find(
        small()
          .map(8, { 0: [8192, 0] })
          .map(16, { 0: [8193, 0] })
          .save()
          .map(deviceId, { 0: [8194, 0] }),
        'D209',
      )
    expect([says(lost(4)), lost(4)?.confidence]).toEqual([['command queue'], 'proven'])
    expect([says(lost(12)), lost(12)?.confidence]).toEqual([['command queue', 'not chain'], 'inferred'])
  })

  it('never is a function that is off, for its device: a new Linux keeps it mapped, and maps events again without a MAPD', () => {
    const vm = goRound(
      small()
        .map(8, {})
        .map(16, { 0: [8192, 0] })
        .save(),
      16,
    )
    vm.more = { msi: [pciFunction(8, [], false), pciFunction(16, [0])] }
    const { orphans, findings, verdict } = audit(setScene(vm.input()))
    expect([orphans.devices, findings.map(({ code }) => code), verdict]).toEqual([[], ['Q603'], 'restores'])
  })

  it('is the chain when a live entry jumps over it', () => {
    const vm = goRound(
      small()
        .map(16, { 0: [8192, 0] })
        .map(32, { 0: [8193, 0] })
        .save()
        .dte(24, { size: 4, next: 8, ittAddr: 0x4101_8000 }),
      16,
    )
    expect(find(vm, 'D204')).toMatchObject({
      confidence: 'proven',
      deviceId: 24,
      evidence: [{ witness: 'chain', at: vm.dteAt(16) }],
    })
    const events = goRound(
      small()
        .map(16, { 0: [8192, 0], 4: [8194, 0] })
        .save()
        .ite(16, 2, { pintid: 8300, icid: 0 }),
      16,
    )
    expect(find(events, 'I309')).toMatchObject({ confidence: 'proven', deviceId: 16, eventId: 2 })
  })

  it('is only a reason when it merely cannot stand beside a live mapping', () => {
    const vm = small()
      .map(8, { 0: [8192, 0] })
      .map(16, { 0: [8192, 0] })
      .save()
    vm.more = { profile: profiles['linux-7.3'] }
    const inferred = { confidence: 'inferred', deviceId: 8, eventId: 0, fix: { safe: false } }
    expect(find(goRound(vm, 16), 'I303')).toMatchObject(inferred)
    expect(find(vm, 'I305')).toMatchObject(inferred)
    const rubbish = small()
      .map(8, { 0: [8192, 0] })
      .map(16, { 0: [8193, 0] })
      .save()
      .ite(8, 0, { pintid: 77, icid: 0 })
    expect(find(goRound(rubbish, 16), 'D203')).toMatchObject({
      confidence: 'inferred',
      deviceId: 8,
      severity: 'fails',
      errno: 'EINVAL',
    })
  })
})

describe('what no witness knows', () => {
  it('is never called an orphan, and counted as unknown', () => {
    const vm = goRound(
      small()
        .map(8, { 0: [8200, 0] })
        .map(16, { 0: [8192, 0] })
        .save(),
      16,
    )
    const { orphans, unknown, verdict, history } = audit(setScene(vm.input()))
    expect([orphans.devices, orphans.events, unknown, verdict, history.state]).toEqual([[], [], 1, 'restores', 'wrapped'])
  })

  it('may be a device that is mapped without an event', () => {
    const vm = small()
      .map(8, {})
      .map(16, { 0: [8192, 0] })
      .save()
    vm.more = { msi: [pciFunction(8, []), pciFunction(16, [0])] }
    expect(audit(setScene(goRound(vm, 16).input()))).toMatchObject({ verdict: 'restores', live: { devices: 2, events: 1 } })
  })
})

describe('witnesses that disagree', () => {
  it('are both shown, and then nothing is proven', () => {
    const vm = withOrphan()
    expect(find(vm, 'D203')).toMatchObject({ confidence: 'proven' })
    vm.more = { msi: [pciFunction(16, [])] }
    expect(find(vm, 'Q605')!.says).toContain('event 0 of DeviceID 0x10')
    expect(find(vm, 'D203')).toMatchObject({ confidence: 'inferred', fix: { safe: false } })
  })

  it('count an enabled LPI that no live event has as one that speaks for its event', () => {
    const vm = new PlantedVm()
      .map(16, { 0: [8200, 0], 1: [8193, 0] })
      .save()
      .discard(16, 0)
      .save()
    vm.memory.setU8((0x4005_0000 + 8) as Gpa, 1)
    expect(says(find(vm, 'I303'))).toEqual(['command queue', 'not LPI configuration'])
    expect(find(vm, 'I303')).toMatchObject({ confidence: 'inferred', fix: { safe: false } })
  })

  it('are one function with MSI and MSI-X, of which one is off and tells nothing of the other', () => {
    const vm = small()
      .map(16, { 0: [8192, 0] })
      .save()
    const off = [pciFunction(16, [], false), pciFunction(16, [0], false)]
    const on = [pciFunction(16, [], false), pciFunction(16, [0])]
    for (const msi of [off, off.toReversed(), on, on.toReversed()]) {
      vm.more = { msi }
      expect(audit(setScene(vm.input())).findings).toEqual([])
    }
    vm.more = { msi: [pciFunction(16, [], false), pciFunction(16, [], false)] }
    expect(find(vm, 'Q605')).toBeDefined()
  })

  it('take no notice of vectors that are set to something else than GITS_TRANSLATER', () => {
    const vm = small()
      .map(16, { 0: [8192, 0] })
      .save()
    const gicv2m = { ...pciFunction(24, [3]), vectors: [elsewhere(3)] }
    vm.more = { msi: [{ ...gicv2m, enabled: false }] }
    expect(audit(setScene(vm.input())).findings).toEqual([])
  })
})
