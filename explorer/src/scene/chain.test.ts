import { inspect } from '@vits/core/inspect'
import { describe, expect, it } from 'vitest'
import { PlantedVm } from '../../../core/src/audit/testing/planted-vm.ts'
import { openFixture } from '../../../core/src/formats/testing/fixtures.ts'
import { plantedMachine } from '../../../core/src/inspect/testing/planted-machine.ts'
import { chainOf } from './index.ts'

describe('the chain of an interrupt', () => {
  it('leads from the DeviceID to the vCPU, with every word on the way', async () => {
    const { scenes } = await inspect(plantedMachine(new PlantedVm({ indirect: true }).map(8, { 3: [8200, 1] }).save()))
    const { links, subject, witnesses } = chainOf(scenes[0]!, 8, 3)
    expect(subject).toBe('DeviceID 0x8')
    expect(witnesses).toEqual(['command queue: live'])
    expect(links.map(({ title }) => title)).toEqual([
      'DeviceID',
      'L1[0], first level',
      'Device table entry',
      'ITT entry of event 3',
      'LPI 8200',
      'Collection 1',
      'vCPU 1',
    ])
    expect(links.flatMap(({ broken }) => broken)).toEqual([])
    expect(links[3]!.fields).toEqual([
      ['next', '0, the last'],
      ['LPI', '8200'],
      ['ICID', '1'],
    ])
  })

  it('says of the links that are broken what the findings say of them, and KVM itself', async () => {
    const { scenes } = await inspect(await openFixture('scattered-unrestorable'))
    const { links, subject, commands } = chainOf(scenes[0]!, 0x5200, 0)
    expect(subject).toBe('The disk at 52:00.0')
    expect(links.filter(({ broken }) => broken.length > 0).map(({ title, broken }) => [title, ...broken])).toEqual([
      ['Device table entry', 'DeviceID 0x5200 is still valid in the device table; the guest unmapped it.'],
      ['ITT entry of event 0', 'EINVAL: the ICID has no collection'],
      ['Collection 4608', 'The collection table has no entry for it.'],
    ])
    expect(commands.at(-1)).toEqual({ after: 440, says: 'MAPD DeviceID 0x5200 V=0', at: '0x429e36e0', isUnmapping: true })
  })

  it('ends where RAM has no more of it', async () => {
    const vm = new PlantedVm()
      .map(8, { 0: [8192, 0] })
      .save()
      .map(16, { 2: [8193, 0] })
    const { scenes } = await inspect(plantedMachine(vm))
    const { links } = chainOf(scenes[0]!, 16, 2)
    expect(links.map(({ title, broken }) => [title, broken.length > 0])).toEqual([
      ['DeviceID', false],
      ['Device table entry', true],
      ['ITT entry of event 2', true],
      ['LPI 8193', false],
      ['Collection 0', false],
      ['vCPU 0', false],
    ])
  })

  it('goes through what a kernel before 6.0.6 reads outside the table', async () => {
    const { scenes } = (await inspect(await openFixture('scattered-unrestorable'))).restoredBy('linux-5.10')
    const broken = chainOf(scenes[0]!, 0x22000, 0).links.map(({ title, broken }) => [title, ...broken])
    expect(broken.slice(1, 4)).toEqual([
      ['L1[17], first level', 'The first-level entry is not valid: the device table has no page there.'],
      ['Device table entry', 'The scan reads it here, where no entry of the device table stands.'],
      ['ITT entry of event 0', 'It is not in guest RAM.', 'EFAULT: the ITT entry is not in guest RAM'],
    ])
  })

  it('of a device alone ends at its entry', async () => {
    const { scenes } = await inspect(plantedMachine(new PlantedVm().map(8, { 3: [8200, 1] }).save()))
    expect(chainOf(scenes[0]!, 8, undefined).links.map(({ title }) => title)).toEqual(['DeviceID', 'Device table entry'])
  })
})
