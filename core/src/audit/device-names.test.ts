import { describe, expect, it } from 'vitest'
import type { MsiFunction } from '../abi/index.ts'
import { DeviceNames } from './device-names.ts'
import { setScenes } from './index.ts'
import { owing } from './testing/owing-vm.ts'
import { PlantedVm, pciFunction } from './testing/planted-vm.ts'

const { registers } = new PlantedVm().input()
const named = (name: string, deviceId: number, more: Partial<MsiFunction> = {}): MsiFunction => ({
  ...pciFunction(deviceId, [0]),
  name,
  ...more,
})
const names = (...functions: readonly MsiFunction[]) => new DeviceNames(registers, 0, { msi: functions })

describe('what people call a device', () => {
  const machine = names(
    named('0000:00:01.0:00.1/virtio-blk', 0x101),
    named('0000:00:05.0:01.0/virtio-net', 0x200, { routingId: 0x208 }),
    named('0000:00:05.0:02.0/virtio-blk', 0x200, { routingId: 0x210 }),
    named('0000:00:06.0/ivshmem', 0x30),
    named('0001:00:02.0/nvme', 0x10),
  )

  it.each([
    [0x101, 'the disk at 01:00.1', 'virtio-blk 01:00.1'],
    [0x200, 'the network card at 02:01.0 and 1 more behind its bridge', 'virtio-net 02:01.0, virtio-blk 02:02.0'],
    [0x30, 'the device at 00:06.0', 'ivshmem 00:06.0'],
    [0x10, 'the disk at 0001:00:02.0', 'nvme 0001:00:02.0'],
    [0x5200, 'DeviceID 0x5200', 'no function 52:00.0'],
  ])('0x%s: %s', (deviceId, subject, label) => {
    expect([machine.subject(deviceId), machine.label(deviceId)]).toEqual([subject, label])
  })

  it('is its DeviceID and nothing else where the file knows no function at all', () => {
    expect([names().subject(9), names().label(9), names().devices]).toEqual(['DeviceID 0x9', '', []])
  })

  it('is told once of a function that has both MSI and MSI-X', () => {
    const twice = names(named('0000:00:02.0/nvme', 0x10, { kind: 'MSI' }), named('0000:00:02.0/nvme', 0x10))
    expect(twice.label(0x10)).toBe('nvme 00:02.0')
  })

  it.each(['0000:00:02.0/\x1b[2Jdisk', '', `0000:00:02.0/${'x'.repeat(65)}`, '0000:00:02.0/a b'])(
    'takes no model from a name that is none: %j',
    (name) => {
      const odd = names(named(name, 0x10))
      expect([odd.label(0x10), odd.of(0x10).functions[0]!.model]).toEqual(['device 00:02.0', ''])
    },
  )

  it('is worse to lose for a disk than for a network card, and worst of those that share a DeviceID', () => {
    const ranks = [0x101, 0x30, 0x5200].map((deviceId) => machine.rank(deviceId))
    expect([ranks[0]! < ranks[1]!, ranks[1] === ranks[2], machine.rank(0x200) === ranks[0]]).toEqual([true, true, true])
    const ports = names(named('0000:00:01.0/pcie-root-port', 8), named('0000:00:02.0/e1000e', 16))
    expect([8, 16, 24].map((deviceId) => ports.isOfBus(deviceId))).toEqual([true, false, false])
    expect(ports.rank(8)).toBeGreaterThan(ports.rank(24))
  })

  it('has events for its configuration and its queues, as their vectors tell', () => {
    const { names: told } = setScenes(owing().input())[0]!
    expect([told.roles(8, 0), told.roles(8, 1), told.roles(8, 2), told.roles(16, 0)]).toEqual([
      ['configuration'],
      ['request queue 0'],
      [],
      [],
    ])
  })

  it('belongs to the ITS that its vectors are set to, where there are several', () => {
    const first = new PlantedVm().map(16, { 0: [8192, 0] }).save()
    new PlantedVm({ beside: first }).map(16, { 0: [8200, 0] }).save()
    const ofSecond = named('0000:00:02.0/virtio-blk', 16)
    const [vector] = ofSecond.vectors
    const target = { kind: 'translater', its: 1 } as const
    const scenes = setScenes({ ...first.input(), msi: [{ ...ofSecond, vectors: [{ ...vector!, target }] }] })
    expect(scenes.map((scene) => scene.names.subject(16))).toEqual(['DeviceID 0x10', 'the disk at 00:02.0'])
  })
})
