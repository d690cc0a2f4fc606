import { describe, expect, it } from 'vitest'
import type { MsiFunction } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { type Beliefs, setScene } from './index.ts'
import { PlantedVm, pciFunction, QUEUE } from './testing/planted-vm.ts'

/** Device 8 with events 0 and 3, and device 16, which was unmapped. */
const planted = () =>
  new PlantedVm({ queuePages: 1 })
    .map(16, { 0: [8200, 0] })
    .unmap(16)
    .map(8, { 3: [8193, 0], 0: [8192, 0] })
    .save()
const forgotten = () => planted().goRound().command('INV', { deviceId: 8, eventId: 0 })
const believed = (vm: PlantedVm, ...msi: readonly MsiFunction[]) => setScene({ ...vm.input(), msi }).beliefs
const onDevice = (beliefs: Beliefs, deviceId: number) => {
  const { queue, pci, belief } = beliefs.device(deviceId)
  return [queue.says, pci.says, belief]
}
const onEvent = (beliefs: Beliefs, deviceId: number, eventId: number) => {
  const { queue, pci, belief } = beliefs.event(deviceId, eventId)
  expect(beliefs.eventBelief(deviceId, eventId)).toBe(belief)
  return [queue.says, pci.says, belief]
}

describe('what is believed of a device', () => {
  it.each([
    ['the queue has it mapped', planted(), [], 8, ['live', 'silent', 'live']],
    ['the queue has it unmapped', planted(), [], 16, ['dead', 'silent', 'dead']],
    ['a whole queue does not name it', planted(), [], 24, ['dead', 'silent', 'dead']],
    ['a queue that has gone round does not name it', forgotten(), [], 16, ['silent', 'silent', 'unknown']],
    ['both have it', planted(), [pciFunction(8, [0])], 8, ['live', 'live', 'live']],
    ['its function alone has it', forgotten(), [pciFunction(24, [])], 24, ['silent', 'live', 'live']],
    ['its function has it, and the queue not', planted(), [pciFunction(16, [])], 16, ['dead', 'live', 'disputed']],
    ['its function is off', planted(), [pciFunction(8, [], false)], 8, ['live', 'silent', 'live']],
  ] as const)('is said by those who know: %s', (_what, vm, msi, deviceId, expected) => {
    expect(onDevice(believed(vm, ...msi), deviceId)).toEqual(expected)
  })
})

describe('what is believed of an event', () => {
  it.each([
    ['the queue has it mapped', planted(), [], 8, 3, ['live', 'silent', 'live']],
    ['the queue has its device, and not it', planted(), [], 8, 1, ['dead', 'silent', 'dead']],
    ['the queue has its device unmapped', planted(), [], 16, 0, ['dead', 'silent', 'dead']],
    ['the queue has it discarded', forgotten().discard(8, 3), [], 8, 3, ['dead', 'silent', 'dead']],
    ['the queue has lost its device’s beginning', forgotten(), [], 8, 3, ['silent', 'silent', 'unknown']],
    ['a whole queue does not name its device', planted(), [], 24, 0, ['dead', 'silent', 'dead']],
    ['a vector names it', forgotten(), [pciFunction(8, [3])], 8, 3, ['silent', 'live', 'live']],
    ['no vector names it', forgotten(), [pciFunction(8, [0])], 8, 3, ['silent', 'dead', 'dead']],
    ['no vector names what the queue has', planted(), [pciFunction(8, [0])], 8, 3, ['live', 'dead', 'disputed']],
    ['a vector names what the queue has not', planted(), [pciFunction(8, [0, 1, 3])], 8, 1, ['dead', 'live', 'disputed']],
  ] as const)('is said by those who know: %s', (_what, vm, msi, deviceId, eventId, expected) => {
    expect(onEvent(believed(vm, ...msi), deviceId, eventId)).toEqual(expected)
  })
})

describe('what the guest has mapped', () => {
  it('is named by any witness, in order', () => {
    const beliefs = believed(planted(), pciFunction(24, [9, 2]), pciFunction(8, [3, 1]))
    expect([beliefs.deviceIds, [24, 8, 16, 40].map((deviceId) => beliefs.eventIds(deviceId))]).toEqual([
      [8, 16, 24],
      [[2, 9], [0, 1, 3], [], []],
    ])
  })

  it('is live where one has it and none denies it', () => {
    const { live } = believed(forgotten(), pciFunction(24, [9, 2]))
    expect([[...live.devices], [...live.events()]]).toEqual([
      [8, 24],
      [
        [8, 0],
        [24, 2],
        [24, 9],
      ],
    ])
  })

  it('is disputed where one has it and another denies it: each device before its events', () => {
    expect(believed(planted(), pciFunction(16, [5]), pciFunction(8, [3, 1])).disputed).toEqual([
      'event 0 of DeviceID 0x8',
      'event 1 of DeviceID 0x8',
      'DeviceID 0x10',
      'event 5 of DeviceID 0x10',
    ])
    expect(believed(planted(), pciFunction(8, [0, 3])).disputed).toEqual([])
  })
})

describe('a queue that is not believed', () => {
  it('tells nothing when it is damaged', () => {
    const vm = planted()
    vm.memory.setU32((QUEUE + 2 * 32) as Gpa, 0xee)
    for (const damaged of [vm, planted().clearRing()]) {
      expect([onDevice(believed(damaged), 8), onEvent(believed(damaged), 8, 0)]).toEqual([
        ['silent', 'silent', 'unknown'],
        ['silent', 'silent', 'unknown'],
      ])
    }
  })

  it('tells nothing of the events of a device whose ITT lies where RAM may be whose address is not known', () => {
    const vm = planted()
    const unlocated = [{ base: vm.itt(8) as Gpa, bytes: 0x1000 }]
    const { beliefs } = setScene({ ...vm.input(), unlocated })
    expect([onDevice(beliefs, 8), onEvent(beliefs, 8, 0), onEvent(beliefs, 16, 0)]).toEqual([
      ['live', 'silent', 'live'],
      ['silent', 'silent', 'unknown'],
      ['dead', 'silent', 'dead'],
    ])
  })

  it('tells nothing of devices that commands name which wait to be executed, and the rest of the others', () => {
    const vm = planted().map(24, { 0: [8300, 0] })
    const { creadr } = vm.registers().itses[0]!
    vm.discard(8, 0).map(40, {}).its = { creadr }
    const beliefs = believed(vm)
    expect([8, 16, 24, 40, 48].map((deviceId) => onDevice(beliefs, deviceId)[0])).toEqual([
      'silent',
      'dead',
      'live',
      'silent',
      'dead',
    ])
    expect(onEvent(beliefs, 8, 3)[0]).toBe('silent')
    expect(beliefs.deviceIds).toEqual([16, 24])
  })
})
