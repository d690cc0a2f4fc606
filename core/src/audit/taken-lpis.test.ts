import { describe, expect, it } from 'vitest'
import { type ProfileId, profiles } from '../abi/index.ts'
import { audit, type Finding, judgeKernels, setScene, setScenes } from './index.ts'
import { auditCase } from './testing/audit-fixture.ts'
import { PlantedVm } from './testing/planted-vm.ts'

const report = (vm: PlantedVm, kernel: ProfileId = 'linux-7.3.4') =>
  audit(setScene(Object.assign(vm, { more: { profile: profiles[kernel] } }).input()))
const told = ({ code, severity, says, effect }: Finding) => [code, severity, says, effect.lost.first]
const found = (vm: PlantedVm, kernel?: ProfileId) => report(vm, kernel).findings.map(told)

/** A dead device has LPI 8192, which the guest gave to another: the chain leads from one to the other. */
const orphanBefore = () =>
  new PlantedVm()
    .map(8, { 0: [8192, 0], 1: [8193, 0] })
    .map(16, { 0: [8200, 0] })
    .save()
    .unmap(8)
    .unmap(16)
    .map(16, { 0: [8192, 0], 1: [8201, 1] })
    .save()

describe('a kernel that maps an LPI for one event only', () => {
  it('gives it to the orphan that its restore comes to first, and the live event is lost without an error', () => {
    const { verdict, findings } = report(orphanBefore())
    expect(verdict).toBe('corrupts')
    expect(findings.map(told)).toEqual([
      ['D203', 'corrupts', 'DeviceID 0x8 is still valid in the device table; the guest unmapped it.', [[16, 0]]],
      [
        'I310',
        'corrupts',
        'LPI 8192 of event 0 of DeviceID 0x10 is taken: a restore gives it to event 0 of DeviceID 0x8, which comes first.',
        [[16, 0]],
      ],
    ])
    const [, taken] = findings
    expect(taken!.entries.map(({ role }) => role)).toEqual(['orphan', 'passed over'])
    expect(taken!.fix).toMatchObject({ safe: true, writes: [{ at: orphanBefore().dteAt(8) }] })
  })

  it.each(['linux-7.3', 'linux-6.12.117', 'linux-6.6'] as const)(
    'differs from %s, where both come back and both raise it',
    (kernel) => {
      expect(found(orphanBefore(), kernel).map(([code, , , lost]) => [code, lost])).toEqual([
        ['D203', []],
        ['I305', []],
      ])
    },
  )

  it('gives it to the live event where that comes first: the orphan is passed over and does no harm with it', () => {
    const vm = new PlantedVm()
      .map(8, { 0: [8200, 0] })
      .map(16, { 0: [8192, 0] })
      .map(24, { 0: [8210, 0] })
      .save()
      .unmap(8)
      .unmap(16)
      .map(8, { 0: [8192, 1] })
      .save()
    expect(found(vm).filter(([code]) => code !== 'D203' && code !== 'D204')).toEqual([
      ['I305', 'latent', 'LPI 8192 is claimed by event 0 of DeviceID 0x10 and by event 0 of DeviceID 0x8.', []],
    ])
  })

  it('counts every LPI that a dead device takes from another', () => {
    const vm = new PlantedVm()
      .map(8, { 0: [8192, 0], 1: [8193, 0], 2: [8194, 0] })
      .map(16, { 0: [8200, 0] })
      .save()
      .unmap(8)
      .unmap(16)
      .map(16, { 0: [8192, 0], 1: [8193, 1], 2: [8194, 1] })
      .save()
    expect(found(vm)[1]).toEqual([
      'I310',
      'corrupts',
      'LPI 8192 and 2 more of event 0 of DeviceID 0x10 on are taken: a restore gives them to event 0 of DeviceID 0x8 on, which come first.',
      [
        [16, 0],
        [16, 1],
        [16, 2],
      ],
    ])
  })

  it('loses one of two events that the guest has with one LPI, and no bytes help', () => {
    const vm = () =>
      new PlantedVm()
        .map(8, { 0: [8192, 0] })
        .map(16, { 0: [8192, 0], 1: [8192, 1] })
        .save()
    expect(found(vm(), 'linux-7.3')).toEqual([])
    const { findings } = report(vm())
    expect(findings.map(({ code, deviceId, eventId, fix }) => [code, deviceId, eventId, fix.says, fix.writes])).toEqual([
      ['I310', 16, 0, 'none: this kernel maps an LPI for one event only', []],
      ['I310', 16, 1, 'none: this kernel maps an LPI for one event only', []],
    ])
  })

  it('is told apart from a stale entry that hides the event: what it takes, it does not jump over', () => {
    const vm = new PlantedVm()
      .map(16, { 0: [8192, 0], 1: [8193, 1], 5: [8193, 0] })
      .save()
      .discard(16, 1)
    expect(found(vm).map(([code, , , lost]) => [code, lost])).toEqual([
      ['I303', [[16, 5]]],
      ['I310', [[16, 5]]],
    ])
  })

  it('does so across the ITSes of a VM, in the order in which they are restored', () => {
    const first = new PlantedVm().map(16, { 0: [8192, 0] })
    const second = new PlantedVm({ beside: first }).map(32, { 3: [8192, 0], 4: [8193, 0] })
    first.save()
    second.save()
    const reports = (kernel: ProfileId) =>
      setScenes(Object.assign(first, { more: { profile: profiles[kernel] } }).input()).map((scene) =>
        audit(scene).findings.map(told),
      )
    expect(reports('linux-7.3').map((one) => one.map(([code]) => code))).toEqual([[], ['I305']])
    expect(reports('linux-7.3.4')).toEqual([
      [],
      [
        [
          'I310',
          'corrupts',
          'LPI 8192 of event 3 of DeviceID 0x20 is taken: a restore gives it to event 0 of DeviceID 0x10 of ITS 0, which comes first.',
          [[32, 3]],
        ],
      ],
    ])
  })

  it('restores as many events of a real guest as it has, and not the same', async () => {
    const input = await auditCase('scattered-shared-lpi')
    const restored = (kernel: ProfileId) => {
      const { lost, revived, restored } = audit(setScene({ ...input, profile: profiles[kernel] }))
      return { lost, revived, events: restored.events }
    }
    expect(restored('linux-7.3.4')).toEqual({ lost: 9, revived: 9, events: 91 })
    expect(restored('linux-6.12.117')).toEqual({ lost: 0, revived: 9, events: 100 })
  })

  it('stands apart in the table of kernels', () => {
    const rows = judgeKernels(setScenes(orphanBefore().input()), ['linux-7.3', 'linux-7.3.4'])
    expect(rows.map(({ failure, lost, revived }) => [failure, lost.count, revived.count])).toEqual([
      [undefined, 0, 2],
      [undefined, 1, 2],
    ])
  })
})
