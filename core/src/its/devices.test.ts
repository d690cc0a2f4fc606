import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Devices } from './devices.ts'

const slotsOf = (devices: Devices) => {
  const slots: number[] = []
  for (let slot = devices.first(); slot >= 0; slot = devices.after(slot)) slots.push(slot)
  return slots
}

describe('the devices of an ITS', () => {
  it('are found by DeviceID and visited in ascending order, whatever came and went', () => {
    const steps = fc.array(fc.record({ deviceId: fc.oneof(fc.nat(70), fc.nat(0xffff)), unmap: fc.boolean() }), { maxLength: 200 })
    fc.assert(
      fc.property(steps, (list) => {
        const devices = new Devices()
        const model = new Map<number, number>()
        for (const [n, { deviceId, unmap }] of list.entries()) {
          if (model.delete(deviceId)) devices.remove(devices.find(deviceId))
          if (unmap) continue
          model.set(deviceId, n * 256)
          devices.add(deviceId, n * 256, 5)
        }
        const ids = [...model.keys()].sort((a, b) => a - b)
        expect(slotsOf(devices).map((slot) => devices.deviceId[slot])).toEqual(ids)
        for (const [id, ittAddr] of model) expect(devices.ittAddr[devices.find(id)]).toBe(ittAddr)
        expect(devices.count).toBe(model.size)
      }),
    )
  })

  it('may stand twice under one DeviceID: the older is found, the younger appears when it goes', () => {
    const devices = new Devices()
    const [older, younger] = [devices.add(7, 0x1000, 3), devices.add(7, 0x2000, 3)]
    devices.add(3, 0, 3)
    expect(slotsOf(devices).map((slot) => devices.ittAddr[slot])).toEqual([0, 0x1000, 0x2000])
    devices.remove(older)
    expect(devices.find(7)).toBe(younger)
    devices.remove(younger)
    expect(devices.find(7)).toBe(-1)
  })

  it('cannot be found under a DeviceID of more than 16 bits', () => {
    const devices = new Devices()
    devices.add(1, 0, 1)
    expect([devices.find(0x10001), devices.find(0xffffffff)]).toEqual([-1, -1])
  })
})
