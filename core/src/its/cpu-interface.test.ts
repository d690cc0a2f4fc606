import { describe, expect, it } from 'vitest'
import { SPURIOUS } from './cpu-interface.ts'
import { Guest } from './testing/guest.ts'

/** Events 0, 1, ... of device 2 to LPIs 8192, 8193, ... on vCPU 0, with these priorities. */
function prioritised(...priorities: readonly number[]): Guest {
  const guest = new Guest().mapCollections()
  guest.mapDevice(2)
  for (const [eventId, priority] of priorities.entries()) {
    guest.configure(8192 + eventId, { priority })
    guest.run('MAPTI', { deviceId: 2, eventId, pintid: 8192 + eventId, icid: 0 })
  }
  return guest
}

describe('the CPU interface', () => {
  it('takes the highest priority first, equals in order of arrival', () => {
    const guest = prioritised(0xa0, 0x20, 0xa0, 0x00)
    for (const eventId of [2, 0, 1, 3]) guest.msi(2, eventId)
    expect(guest.take(0)).toEqual([8195, 8193, 8194, 8192])
  })

  it('has five priority bits: 0xfc counts as 0xf8 and never passes a mask of 0xff', () => {
    const guest = prioritised(0xfc, 0xf0)
    for (const eventId of [0, 1]) guest.msi(2, eventId)
    expect([guest.take(0), guest.gic.lpis.isPending(8192)]).toEqual([[8193], true])
  })

  it('takes only what passes the mask, and nothing while group 1 is disabled', () => {
    const guest = prioritised(0x80, 0x40)
    const [cpu] = guest.cpus
    for (const eventId of [0, 1]) guest.msi(2, eventId)
    cpu!.group1 = false
    expect(cpu!.acknowledge()).toBe(SPURIOUS)
    cpu!.group1 = true
    cpu!.priorityMask = 0x80
    expect(cpu!.acknowledge()).toBe(8193)
    cpu!.complete()
    expect(cpu!.acknowledge()).toBe(SPURIOUS)
  })

  it('is interrupted by a higher group priority only, until the interrupt is completed', () => {
    const guest = prioritised(0x40, 0x48, 0x20)
    const [cpu] = guest.cpus
    cpu!.binaryPoint = 4
    guest.msi(2, 0)
    expect(cpu!.acknowledge()).toBe(8192)
    guest.msi(2, 1)
    expect([cpu!.acknowledge(), cpu!.runningPriority]).toEqual([SPURIOUS, 0x40])
    guest.msi(2, 2)
    expect([cpu!.acknowledge(), cpu!.runningPriority]).toEqual([8194, 0x20])
    cpu!.complete()
    cpu!.complete()
    expect(cpu!.acknowledge()).toBe(8193)
  })

  it('takes an LPI again that became pending while it was served', () => {
    const guest = prioritised(0x40)
    const [cpu] = guest.cpus
    guest.msi(2, 0)
    cpu!.acknowledge()
    guest.msi(2, 0)
    cpu!.complete()
    expect([cpu!.acknowledge(), cpu!.acknowledge()]).toEqual([8192, SPURIOUS])
  })
})
