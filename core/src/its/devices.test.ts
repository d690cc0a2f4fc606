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
    const deviceId = fc.oneof(fc.nat(70), fc.nat(0xffff), fc.integer({ min: 0xfff0, max: 0x10040 }), fc.nat(0xffffffff))
    const steps = fc.array(fc.record({ deviceId, unmap: fc.boolean() }), { maxLength: 200 })
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

  it.each([7, 0x10007, 0xffffffff])(
    'may stand twice under DeviceID %i: the older is found, the younger when it goes',
    (deviceId) => {
      const devices = new Devices()
      const [older, younger] = [devices.add(deviceId, 0x1000, 3), devices.add(deviceId, 0x2000, 3)]
      devices.add(3, 0, 3)
      expect(slotsOf(devices).map((slot) => devices.ittAddr[slot])).toEqual([0, 0x1000, 0x2000])
      devices.remove(older)
      expect(devices.find(deviceId)).toBe(younger)
      devices.remove(younger)
      expect(devices.find(deviceId)).toBe(-1)
    },
  )

  it('are not found under a DeviceID that is alike in its lower 16 bits', () => {
    const devices = new Devices()
    devices.add(1, 0, 1)
    expect([devices.find(0x10001), devices.find(0xffff0001)]).toEqual([-1, -1])
  })
})
