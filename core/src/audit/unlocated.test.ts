import { beforeAll, describe, expect, it } from 'vitest'
import { type GpaRange, gpa } from '../memory/index.ts'
import { type AuditInput, audit, judgeKernels, setScene, viewFrom } from './index.ts'
import { auditFixture } from './testing/audit-fixture.ts'
import { COLLECTION_TABLE, DEVICE_TABLE, PlantedVm, QUEUE } from './testing/planted-vm.ts'

const PLUGGED = gpa(0x8000_0000)
const ANYWHERE: GpaRange = { base: PLUGGED, bytes: 2 ** 48 - PLUGGED }

describe('a VM whose ITTs may lie in RAM whose address is not known', () => {
  let input: AuditInput
  beforeAll(async () => {
    const { memory, ...rest } = await auditFixture('mem-vmem-s1')
    const without = memory.fork()
    without.removeRegion(PLUGGED)
    input = { ...rest, memory: without }
  })

  it('fails with EFAULT when there is no such RAM', () => {
    expect(audit(setScene(input))).toMatchObject({ verdict: 'fails', errno: 'EFAULT', unread: 0 })
  })

  it('is judged without the devices that have them: no EFAULT, no loss, and a report that says so', () => {
    const scene = setScene({ ...input, unlocated: [ANYWHERE] })
    const report = audit(scene)
    expect(report).toMatchObject({
      verdict: 'undecided',
      errno: undefined,
      lost: 0,
      unread: 2,
      live: { devices: 11, events: 18 },
    })
    expect(report.findings.map(({ code, says }) => [code, says])).toEqual([
      ['M705', 'The ITT of DeviceID 0x20 and 1 more like it may lie in RAM whose address the file does not tell: not looked at.'],
    ])
    expect(judgeKernels([scene], ['linux-6.12.117'])).toMatchObject([{ verdict: 'undecided', failure: undefined }])
  })

  it('still fails where no RAM may be', () => {
    const unlocated = [{ base: gpa(0x9000_0000), bytes: 0x1000_0000 }]
    expect(audit(setScene({ ...input, unlocated }))).toMatchObject({ verdict: 'fails', errno: 'EFAULT', unread: 0 })
  })
})

describe('tables that may lie in RAM whose address is not known', () => {
  const vm = () =>
    new PlantedVm({ indirect: true })
      .map(8, { 0: [8192, 0] })
      .map(8192, { 0: [8193, 0] })
      .save()
  const judged = (ranges: readonly GpaRange[]) => {
    const planted = vm()
    for (const range of ranges) planted.memory.fill(range.base, range.bytes)
    const input = { ...planted.input(), unlocated: ranges }
    return { report: audit(setScene(input)), guest: viewFrom(setScene(input), 'guest') }
  }

  it('hide the devices of a page of the device table', () => {
    const { report, guest } = judged([{ base: vm().dteAt(8192), bytes: 0x1_0000 }])
    expect(report).toMatchObject({ verdict: 'undecided', lost: 0, unread: 1, live: { devices: 1, events: 1 } })
    expect(guest.devices.map(({ deviceId }) => deviceId)).toEqual([8])
  })

  it('hide everything when it is the device table', () => {
    const { report } = judged([{ base: gpa(DEVICE_TABLE), bytes: 0x1_0000 }])
    expect(report).toMatchObject({ verdict: 'undecided', lost: 0, unread: 1, live: { devices: 0, events: 0 } })
  })

  it('hide the collections when it is their table: none is called lost', () => {
    const planted = new PlantedVm()
    const range = { base: gpa(COLLECTION_TABLE), bytes: 0x1_0000 }
    planted.memory.fill(range.base, range.bytes)
    const scene = setScene({ ...planted.input(), unlocated: [range] })
    expect(audit(scene)).toMatchObject({ verdict: 'undecided', unread: 1, findings: [{ code: 'M705' }] })
    expect(viewFrom(scene, 'guest')).toEqual({ collections: [], devices: [] })
  })

  it('hide nothing when it is the command queue: it is silent', () => {
    expect(judged([{ base: gpa(QUEUE), bytes: 0x1_0000 }]).report).toMatchObject({ unread: 0, history: { commands: 0 } })
  })
})
