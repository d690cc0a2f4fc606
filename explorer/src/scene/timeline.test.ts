import { inspect } from '@vits/core/inspect'
import { describe, expect, it } from 'vitest'
import { PlantedVm } from '../../../core/src/audit/testing/planted-vm.ts'
import { openFixture } from '../../../core/src/formats/testing/fixtures.ts'
import { plantedMachine } from '../../../core/src/inspect/testing/planted-machine.ts'
import { deviceRows, guestAfter, timelineOf } from './index.ts'

const sceneOf = async (vm: PlantedVm) => (await inspect(plantedMachine(vm))).scenes[0]!

describe('the timeline of a guest', () => {
  it('has the moments at which the guest gave up what is still valid in RAM', async () => {
    const { scenes } = await inspect(await openFixture('scattered-unrestorable'))
    const { commands, moments } = timelineOf(scenes[0]!)
    expect(commands).toBe(752)
    expect(moments[0]).toEqual({ after: 440, deviceId: 0x5200, says: 'MAPD DeviceID 0x5200 V=0' })
    expect(moments.map(({ deviceId }) => deviceId)).toEqual([0x5200, 0x5301, 0xf501, 0x10, 0xa300])
  })

  it('goes from nothing to what the guest has mapped now', async () => {
    const scene = await sceneOf(
      new PlantedVm()
        .map(8, { 0: [8192, 0] })
        .map(16, { 1: [8193, 1], 3: [8194, 0] })
        .discard(16, 1)
        .save(),
    )
    const at = (after: number) => {
      const { deviceIds, first, eventIds, says } = guestAfter(scene, after)
      return [says, [...deviceIds].map((id, i) => [id, ...eventIds.subarray(first[i], first[i + 1])])]
    }
    expect([0, 2, 3, 4, 7, 8].map(at)).toEqual([
      ['', []],
      ['MAPC ICID 1 RDbase 1', []],
      ['MAPD DeviceID 0x8 V=1 ITT 0x41008000 bits 5', [[8]]],
      ['MAPTI 0x8/0 LPI 8192 ICID 0', [[8, 0]]],
      [
        'MAPTI 0x10/3 LPI 8194 ICID 0',
        [
          [8, 0],
          [16, 1, 3],
        ],
      ],
      [
        'DISCARD 0x10/1',
        [
          [8, 0],
          [16, 3],
        ],
      ],
    ])
  })

  it('takes for mapped before what a ring names whose beginning is lost', async () => {
    const { scenes } = await inspect(await openFixture('wrapped'))
    const { commands } = timelineOf(scenes[0]!)
    const [early, late] = [guestAfter(scenes[0]!, 1), guestAfter(scenes[0]!, commands)]
    expect(early.deviceIds.length).toBeLessThan(late.deviceIds.length)
    expect(deviceRows(scenes[0]!).rows.some(({ lives }) => lives.some(({ isOlder }) => isOlder))).toBe(true)
  })

  it('gives each device its lives', async () => {
    const { rows } = deviceRows(
      await sceneOf(
        new PlantedVm()
          .map(8, { 0: [8192, 0] })
          .save()
          .unmap(8)
          .map(8, { 0: [8192, 0] })
          .save(),
      ),
    )
    expect(rows[0]!.lives).toEqual([
      { from: 2, to: 4, isOlder: false },
      { from: 5, to: undefined, isOlder: false },
    ])
  })
})
