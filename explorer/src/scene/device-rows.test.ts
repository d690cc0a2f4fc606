import { NEWEST } from '@vits/core/abi'
import { audit, scenesOver, scenesReopened } from '@vits/core/audit'
import { type Inspection, inspect } from '@vits/core/inspect'
import { describe, expect, it } from 'vitest'
import { PlantedVm } from '../../../core/src/audit/testing/planted-vm.ts'
import { openFixture } from '../../../core/src/formats/testing/fixtures.ts'
import { plantedMachine, twoItses } from '../../../core/src/inspect/testing/planted-machine.ts'
import { cellAt, type DeviceRows, deviceRows, type Row } from './index.ts'

const planted = (vm: PlantedVm): Promise<Inspection> => inspect(plantedMachine(vm))
const fatesOf = ({ events }: DeviceRows, { first, count }: Row) =>
  Array.from({ length: count }, (_, i) => cellAt(events, first + i).fate)
const lines = (told: DeviceRows) =>
  told.rows.map((row) => [`0x${row.deviceId.toString(16)}`, row.path, row.jump, row.outcome, fatesOf(told, row).join(' ')])
const rowsOf = ({ scenes }: Inspection, its = 0) => deviceRows(scenes[its]!)

describe('the rows of a saved VM', () => {
  it('stand in the order of the scan, each with how the scan meets it and what becomes of it', async () => {
    const vm = new PlantedVm()
      .map(8, { 0: [8192, 0] })
      .map(16, { 1: [8193, 1] })
      .map(24, { 0: [8194, 0] })
    expect(lines(rowsOf(await planted(vm.save().unmap(16).save())))).toEqual([
      ['0x8', 'visited', '+16', '1 back', 'back'],
      ['0x10', 'jumped', '', 'stale', 'stale'],
      ['0x18', 'visited', 'last', '1 back', 'back'],
    ])
  })

  it('tell what an entry with next 0 that the guest unmapped hides', async () => {
    expect(lines(rowsOf(await planted(twoItses()), 1))).toEqual([
      ['0x8', 'visited', 'last', 'dead, back', 'revived'],
      ['0x10', 'unreached', '', 'lost', 'lost'],
      ['0x18', 'unreached', '', 'lost', 'lost'],
    ])
  })

  it('say of a live device that the tables lack that it is not in RAM', async () => {
    const vm = new PlantedVm()
      .map(8, { 0: [8192, 0] })
      .save()
      .map(16, { 2: [8193, 0] })
    expect(lines(rowsOf(await planted(vm)))).toEqual([
      ['0x8', 'visited', 'last', '1 back', 'back'],
      ['0x10', 'absent', '', 'not in RAM', 'absent'],
    ])
  })

  it('have their places: pages of two levels, words of RAM, and notes of jumps that leave a page', async () => {
    const told = rowsOf(await inspect(await openFixture('scattered-unrestorable')))
    expect(told.pages.map(({ index }) => index)).toEqual([0, 2, 5, 7])
    expect(told.rows.find(({ deviceId }) => deviceId === 0x200)).toMatchObject({
      label: 'virtio-scsi 02:00.0',
      jump: '+16383⤓',
      jumpNote:
        'The field holds no more than 16383: the entry it was made for may be farther away. The jump leaves its page, which ends at DeviceID 0x1fff.',
    })
    expect(told.rows[0]).toMatchObject({ jump: '+16', jumpNote: 'It hides 1 valid entry.' })
    const stop = told.rows.find(({ path }) => path === 'stop')!
    expect(stop).toMatchObject({
      deviceId: 0x5200,
      at: 0x4404_9000,
      word: '0x80020000_08804743',
      outcome: 'EINVAL',
      belief: 'dead',
    })
    expect(fatesOf(told, stop).slice(0, 2)).toEqual(['stop', 'stale'])
  })

  it('count as the report does: live, in RAM, back', async () => {
    const inspection = await inspect(await openFixture('wrapped'))
    const told = rowsOf(inspection)
    const [report] = inspection.audit()
    const count = (...fates: string[]) =>
      told.rows.flatMap((row) => fatesOf(told, row)).filter((fate) => fates.includes(fate)).length
    expect(count('back', 'altered', 'lost', 'dropped', 'absent')).toBe(report!.live.events)
    expect(count('revived')).toBe(report!.revived)
    expect(count('back', 'altered', 'revived', 'unsure')).toBe(report!.restored.events)
  })

  it('have an entry that a kernel before 6.0.6 reads behind its page as one outside the table', async () => {
    const inspection = (await inspect(await openFixture('scattered-unrestorable'))).restoredBy('linux-5.10')
    const stop = rowsOf(inspection).rows.find(({ path }) => path === 'stop')
    expect(stop).toMatchObject({ deviceId: inspection.audit()[0]!.stop!.deviceId, isOutside: true, outcome: 'EFAULT' })
  })

  it('keep what a repair cleared in its place, with what it was', async () => {
    const { scenes, ...inspection } = await inspectionOf('scattered-unrestorable')
    const after = scenesReopened(
      scenesOver(
        scenes,
        inspection.plan.memory,
        inspection.plan.writes.map(({ at }) => at),
      ),
    )
    expect(audit(after[0]!).verdict).toBe('restores')
    const told = deviceRows(after[0]!, inspection.plan.writes)
    const gone = told.rows.filter(({ repaired }) => repaired !== undefined)
    expect(gone.map(({ deviceId }) => deviceId)).toEqual([0x10, 0x5200, 0x5301, 0xa300, 0xf501])
    expect(gone[1]).toMatchObject({ outcome: 'cleared', repaired: '0x80020000_08804743 -> 0', path: 'jumped' })
    expect(told.rows.filter((row) => row.repaired === undefined).every(({ tone }) => tone === 'good')).toBe(true)
  })

  it('show an event that a repair takes out of a device that stays', async () => {
    const vm = new PlantedVm()
      .map(8, { 0: [8192, 0], 1: [8193, 0], 2: [8194, 0] })
      .save()
      .discard(8, 1)
      .save()
    const inspection = await planted(vm)
    const plan = inspection.plan({ allow: 'proven', strict: true })
    expect(plan.writes.map(({ kind }) => kind)).toEqual(['ITE'])
    const [scene] = scenesOver(inspection.scenes, plan.memory, [plan.writes[0]!.at])
    const told = deviceRows(scene!, plan.writes)
    expect(fatesOf(told, told.rows[0]!)).toEqual(['back', 'cleared', 'back'])
  })

  it('mark the events whose LPI is pending where it goes', async () => {
    const told = rowsOf(await inspect(await openFixture('busy')))
    const pending = told.events.pending.reduce((sum, one) => sum + one, 0)
    expect(pending).toBeGreaterThan(0)
  })
})

async function inspectionOf(name: 'scattered-unrestorable') {
  const inspection = await inspect(await openFixture(name), { kernel: NEWEST })
  return { scenes: inspection.scenes, plan: inspection.plan() }
}
