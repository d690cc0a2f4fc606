import { describe, expect, it } from 'vitest'
import { setScene } from '../audit/index.ts'
import { PlantedVm, QUEUE } from '../audit/testing/planted-vm.ts'
import type { Gpa } from '../memory/index.ts'
import { ChangedVm } from './changed-vm.ts'
import { CLEARED, type Reason } from './overlay.ts'

const reason: Reason = { code: 'D203', kind: 'DTE', id: 'DeviceID 0x10', because: 'finding', why: 'so', proven: true }

function vmWithOneDevice() {
  const vm = new PlantedVm().map(16, { 0: [8192, 0] }).save()
  const scene = setScene(vm.input())
  return { vm, scene, changed: new ChangedVm([scene]) }
}

describe('the scenes of a VM under repair', () => {
  it('are those it began with as long as nothing is changed', () => {
    const { scene, changed } = vmWithOneDevice()
    expect(changed.scenes[0]).toBe(scene)
  })

  it('show what was changed since, and stay the same until more is', () => {
    const { vm, scene, changed } = vmWithOneDevice()
    changed.overlay.put(vm.dteAt(16), CLEARED, reason)
    const [after] = changed.scenes
    expect([scene.tables.mappings.devices.length, after!.tables.mappings.devices.length]).toEqual([1, 0])
    expect(changed.scenes[0]).toBe(after)
    changed.overlay.put(vm.dteAt(8), [0, 0x80000000], reason)
    expect(changed.scenes[0]!.tables.mappings.devices.map(({ deviceId }) => deviceId)).toEqual([8])
  })

  it('keep what the witnesses say unless a word of the queue is changed', () => {
    const { vm, scene, changed } = vmWithOneDevice()
    changed.overlay.put(vm.dteAt(16), CLEARED, reason)
    expect(changed.scenes[0]!.beliefs).toBe(scene.beliefs)
    changed.overlay.put(QUEUE as Gpa, CLEARED, reason)
    expect([scene.beliefs.history.state, changed.scenes[0]!.beliefs.history.state]).toEqual(['whole', 'damaged'])
  })
})
