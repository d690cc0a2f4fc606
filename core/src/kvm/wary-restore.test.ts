import { describe, expect, it } from 'vitest'
import { setScenes } from '../audit/index.ts'
import { auditFixture } from '../audit/testing/audit-fixture.ts'
import type { GuestMemory } from '../memory/index.ts'
import { type RestoreVmOptions, restoreVm } from './index.ts'

/** A saved VM whose tables hold a device and four events that its guest has unmapped. */
async function ghosts() {
  const input = await auditFixture('ghosts')
  const beliefs = setScenes(input).map((scene) => scene.beliefs)
  const restore = (options: RestoreVmOptions) => restoreVm((input.memory as GuestMemory).fork(), input.registers, options)
  return { beliefs, restore }
}

const mapped = (outcome: ReturnType<typeof restoreVm>) => {
  if (!outcome.ok) return outcome
  const { devices, events, enabled } = outcome.value.vm.itses[0]!.its
  return { devices: devices.count, events: events.count, enabled }
}

describe('a wary restore of a VM', () => {
  it('leaves out what the guest has unmapped, where the kernel brings it back', async () => {
    const { beliefs, restore } = await ghosts()
    expect(mapped(restore({}))).toEqual({ devices: 8, events: 19, enabled: true })
    expect(mapped(restore({ wary: (its) => beliefs[its] }))).toEqual({ devices: 7, events: 15, enabled: true })
  })

  it('fails at the tables, with every doubt, when nothing is known', async () => {
    const { restore } = await ghosts()
    const refused = restore({ wary: () => undefined })
    expect(refused).toMatchObject({ ok: false, step: 'restore-tables', its: { index: 0 }, errno: 'EINVAL' })
    expect(refused).toMatchObject({ doubts: [{ name: 'unreached' }, { name: 'unreached' }] })
  })

  it('fails before the tables as any restore does', async () => {
    const { beliefs, restore } = await ghosts()
    const outcome = restore({ wary: (its) => beliefs[its], order: ['vcpus', 'cbaser', 'restore-tables'] })
    expect(outcome).toMatchObject({ ok: false, step: 'cbaser', errno: 'ENXIO' })
  })
})
