import { describe, expect, it } from 'vitest'
import { fixtureText } from '../formats/testing/fixtures.ts'
import { audit, setScene, viewFrom } from './index.ts'
import { auditCase } from './testing/audit-fixture.ts'

/** `deviceId:eventId LPI collection` of the mappings that the guest's console lists last. */
function told(name: string): string[] {
  const life = fixtureText(`${name}.guest-view.txt`)!.split('second life').at(-1)!
  const lines = life.matchAll(/^LIVE dev=0x([0-9a-f]+) ev=(\d+) lpi=(\d+) icid=(\d+)/gm)
  return [...lines].map(([, device, event, lpi, icid]) => `${Number.parseInt(device!, 16)}:${event} ${lpi} ${icid}`).sort()
}

describe('a guest that clears its commands from the ring', () => {
  it('perhaps loses the device that a stale one with the same ITT hides, which real KVM lost, and others that no restore comes to', async () => {
    const { verdict, hiddenDevices, findings } = audit(setScene(await auditCase('odd-clear-s1')))
    expect([verdict, hiddenDevices, told('odd-clear-s1')]).toEqual(['corrupts', 3, expect.arrayContaining(['9:1 8300 1'])])
    expect(findings.find(({ code }) => code === 'D215')).toMatchObject({
      deviceId: 9,
      severity: 'corrupts',
      confidence: 'inferred',
      fix: { safe: false, writes: [] },
    })
  })
})

describe('a guest that set its ITS up twice in one ring', () => {
  it('has what it mapped in its second life, and all of that comes back', async () => {
    const scene = setScene(await auditCase('odd-reinit-s1'))
    const { verdict, history, live, restored, lost, findings } = audit(scene)
    expect([verdict, history.state, live, restored, lost, findings]).toEqual([
      'restores',
      'whole',
      { devices: 2, events: 3 },
      { devices: 2, events: 3 },
      0,
      [],
    ])
    const { devices } = viewFrom(scene, 'guest')
    const seen = devices.flatMap(({ deviceId, events }) =>
      events.map(({ eventId, lpi, icid }) => `${deviceId}:${eventId} ${lpi} ${icid}`),
    )
    expect(seen.sort()).toEqual(told('odd-reinit-s1'))
  })
})
