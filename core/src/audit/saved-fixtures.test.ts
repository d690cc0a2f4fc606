import { describe, expect, it } from 'vitest'
import type { MsiFunction } from '../abi/index.ts'
import { fixtureText, streamFixtures } from '../formats/testing/fixtures.ts'
import { audit, readHistory, setScene, viewFrom } from './index.ts'
import { auditFixture } from './testing/audit-fixture.ts'
import { parseGuestText } from './testing/guest-text.ts'

const count = (devices: number, events: number) => ({ devices, events })
const none: readonly number[] = []

/** The function as it would be known without the tables of its IOMMU. */
function behindIommu(fn: MsiFunction): MsiFunction {
  const unknown = { kind: 'elsewhere' } as const
  return {
    ...fn,
    vectors: fn.vectors.map((vector) => (vector.target.kind === 'unset' ? vector : { ...vector, target: unknown })),
  }
}

describe('what a restore of a real saved VM does', () => {
  it.each`
    file                           | verdict       | live              | restored          | devices                             | events | lost  | revived
    ${'healthy'}                   | ${'restores'} | ${count(9, 22)}   | ${count(9, 22)}   | ${none}                             | ${0}   | ${0}  | ${0}
    ${'churned'}                   | ${'restores'} | ${count(7, 15)}   | ${count(7, 15)}   | ${none}                             | ${0}   | ${0}  | ${0}
    ${'before-churn'}              | ${'restores'} | ${count(10, 25)}  | ${count(10, 25)}  | ${none}                             | ${0}   | ${0}  | ${0}
    ${'ghosts'}                    | ${'corrupts'} | ${count(7, 15)}   | ${count(8, 19)}   | ${[8, 40, 512]}                     | ${9}   | ${0}  | ${4}
    ${'unrestorable'}              | ${'fails'}    | ${count(4, 13)}   | ${count(0, 0)}    | ${[8, 16, 24, 32, 40, 512]}         | ${16}  | ${13} | ${1}
    ${'unrestorable.repaired'}     | ${'restores'} | ${count(4, 13)}   | ${count(4, 13)}   | ${none}                             | ${0}   | ${0}  | ${0}
    ${'scattered-clean'}           | ${'restores'} | ${count(25, 114)} | ${count(25, 114)} | ${none}                             | ${0}   | ${0}  | ${0}
    ${'scattered-unrestorable'}    | ${'fails'}    | ${count(20, 91)}  | ${count(0, 0)}    | ${[16, 20992, 21249, 41728, 62721]} | ${22}  | ${63} | ${0}
    ${'scattered-partly-repaired'} | ${'corrupts'} | ${count(20, 91)}  | ${count(14, 60)}  | ${[16, 21249, 41728, 62721]}        | ${10}  | ${40} | ${9}
    ${'wrapped-clean'}             | ${'restores'} | ${count(7, 15)}   | ${count(7, 15)}   | ${none}                             | ${0}   | ${0}  | ${0}
    ${'wrapped'}                   | ${'corrupts'} | ${count(7, 15)}   | ${count(8, 19)}   | ${[40, 512]}                        | ${10}  | ${0}  | ${4}
    ${'qemu10'}                    | ${'restores'} | ${count(10, 24)}  | ${count(10, 24)}  | ${none}                             | ${0}   | ${0}  | ${0}
    ${'qemu10-mapped-ram'}         | ${'restores'} | ${count(7, 17)}   | ${count(8, 17)}   | ${[8, 40, 512]}                     | ${0}   | ${0}  | ${0}
    ${'live-resent-pages'}         | ${'restores'} | ${count(9, 22)}   | ${count(9, 22)}   | ${none}                             | ${0}   | ${0}  | ${0}
    ${'postcopy'}                  | ${'restores'} | ${count(9, 22)}   | ${count(9, 22)}   | ${none}                             | ${0}   | ${0}  | ${0}
    ${'smmu-s1'}                   | ${'restores'} | ${count(9, 22)}   | ${count(9, 22)}   | ${none}                             | ${0}   | ${0}  | ${0}
    ${'smmu-s3'}                   | ${'corrupts'} | ${count(7, 18)}   | ${count(8, 19)}   | ${[40]}                             | ${4}   | ${0}  | ${1}
    ${'numa'}                      | ${'restores'} | ${count(3, 6)}    | ${count(3, 6)}    | ${none}                             | ${0}   | ${0}  | ${0}
    ${'bridge-s2'}                 | ${'restores'} | ${count(5, 16)}   | ${count(5, 16)}   | ${none}                             | ${0}   | ${0}  | ${0}
    ${'mem-numa2-s1'}              | ${'restores'} | ${count(9, 22)}   | ${count(9, 22)}   | ${none}                             | ${0}   | ${0}  | ${0}
    ${'mem-vmem-s1'}               | ${'restores'} | ${count(11, 26)}  | ${count(11, 26)}  | ${none}                             | ${0}   | ${0}  | ${0}
    ${'nvme72-s1'}                 | ${'restores'} | ${count(5, 11)}   | ${count(5, 11)}   | ${[24]}                             | ${6}   | ${0}  | ${0}
  `('$file: $verdict', async ({ file, verdict, live, restored, devices, events, lost, revived }) => {
    const report = audit(setScene(await auditFixture(file)))
    expect(report).toMatchObject({ verdict, errno: verdict === 'fails' ? 'EINVAL' : undefined, live, restored, lost, revived })
    expect(report.orphans.devices).toEqual(devices)
    expect(report.orphans.events).toHaveLength(events)
  })

  it('names the entry at which KVM gives up', async () => {
    const { stop } = audit(setScene(await auditFixture('scattered-unrestorable')))
    expect(stop).toMatchObject({ errno: 'EINVAL', deviceId: 20992, eventId: 0, after: { devices: 10 } })
  })

  it('names the dead events that come back', async () => {
    for (const file of ['ghosts', 'wrapped']) {
      const { findings } = audit(setScene(await auditFixture(file)))
      const revived = findings.flatMap(({ effect }) => effect.revived.first).sort(([a, x], [b, y]) => a - b || x - y)
      expect(revived, file).toEqual([
        [8, 0],
        [768, 0],
        [768, 1],
        [768, 2],
      ])
    }
  })

  it('says how far the word of a queue goes that has gone round', async () => {
    const { byQueue, history } = audit(setScene(await auditFixture('wrapped')))
    expect([history.state, byQueue]).toEqual(['wrapped', { live: 9, deviceLive: 3, dead: 3, unknown: 10 }])
  })

  it('proves nothing live to be an orphan when the queue has gone round and there is no PCI state', async () => {
    for (const file of ['wrapped', 'wrapped-clean']) {
      const input = await auditFixture(file)
      const live = new Set(
        viewFrom(setScene(input), 'guest').devices.flatMap(({ deviceId, events }) =>
          events.map(({ eventId }) => `${deviceId}:${eventId}`),
        ),
      )
      const { orphans, unknown } = audit(setScene({ ...input, msi: [] }))
      expect(orphans.events.filter(([deviceId, eventId]) => live.has(`${deviceId}:${eventId}`))).toEqual([])
      expect(unknown).toBeGreaterThan(0)
    }
  })

  it('calls no event dead that a vector may name behind an IOMMU whose tables are not known', async () => {
    const input = await auditFixture('smmu-s3')
    const live = viewFrom(setScene(input), 'guest').devices.flatMap(({ deviceId, events }) =>
      events.map(({ eventId }) => `${deviceId}:${eventId}`),
    )
    const report = audit(setScene({ ...input, msi: input.msi!.map(behindIommu) }))
    const dead = report.orphans.events.map(([deviceId, eventId]) => `${deviceId}:${eventId}`)
    expect([live.length, dead.filter((event) => live.includes(event))]).toEqual([18, []])
    expect(report).toMatchObject({ verdict: 'corrupts', revived: 1, unknown: 17, orphans: { devices: [] } })
  })

  it('finds the entry that would lose devices in silence once the failing one is cleared', async () => {
    const { findings } = audit(setScene(await auditFixture('scattered-unrestorable')))
    const ending = findings.find(({ code }) => code === 'D207')
    expect(ending).toMatchObject({ deviceId: 41728, severity: 'corrupts', effect: { lost: { count: 40 }, lostDevices: 7 } })
  })

  it('leaves the live events alone that look as stale as the dead ones', async () => {
    const { orphans } = audit(setScene(await auditFixture('unrestorable')))
    expect(orphans.events.filter(([deviceId]) => deviceId === 768)).toEqual([])
  })
})

describe("the guest's own text", () => {
  // In nvme72-s1 it lists an interrupt of a CPU that is off, which Linux has shut down without letting go of it.
  const told = [...streamFixtures, 'qemu10-mapped-ram'].filter(
    (name) => fixtureText(`${name}.guest-view.txt`) !== undefined && name !== 'nvme72-s1',
  )

  it('has one interrupt more in nvme72-s1 than is mapped', async () => {
    const text = parseGuestText(fixtureText('nvme72-s1.guest-view.txt')!)
    const { devices } = viewFrom(setScene(await auditFixture('nvme72-s1')), 'guest')
    const mapped = devices.flatMap(({ deviceId, events }) => events.map(({ eventId }) => `${deviceId}:${eventId}`))
    expect(devices.map(({ deviceId }) => deviceId)).toEqual(text.devices)
    expect([...text.events.keys()].filter((event) => !mapped.includes(event))).toEqual(['256:4'])
    expect(mapped.filter((event) => !text.events.has(event))).toEqual([])
  })

  it.each(told)('agrees with the view from the witnesses: %s', async (name) => {
    const text = parseGuestText(fixtureText(`${name}.guest-view.txt`)!)
    const input = await auditFixture(name)
    const { devices, collections } = viewFrom(setScene(input), 'guest')
    expect(devices.map(({ deviceId }) => deviceId)).toEqual(text.devices)
    const events = devices.flatMap(({ deviceId, events }) =>
      events.map((event) => ({ key: `${deviceId}:${event.eventId}`, ...event })),
    )
    expect(events.map(({ key }) => key).sort()).toEqual([...text.events.keys()].sort())
    const whole = readHistory(input.memory, input.registers.itses[0]!).state === 'whole'
    expect(whole).toBe(!/^(wrapped|bridge-s2|smmu-s3)/.test(name))
    for (const { key, lpi, icid } of events) {
      if (whole || lpi !== null) expect(lpi, key).toBe(text.events.get(key))
      const cpu = text.cpus.get(key)
      if (whole && cpu !== undefined) expect(collections.find((collection) => collection.icid === icid)?.rdBase, key).toBe(cpu)
    }
  })
})
