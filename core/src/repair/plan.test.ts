import { beforeAll, describe, expect, it } from 'vitest'
import { releasedKernels } from '../abi/index.ts'
import { type AuditInput, type ProblemCode, setScene, type View, viewFrom } from '../audit/index.ts'
import { auditFixture } from '../audit/testing/audit-fixture.ts'
import { streamFixtures } from '../formats/testing/fixtures.ts'
import { PAGE_BYTES } from '../memory/index.ts'
import { mappedIn } from './mapped-in.ts'
import { planOne } from './testing/plan-one.ts'

const fixtures = new Map<string, AuditInput>()
beforeAll(async () => {
  for (const name of streamFixtures) fixtures.set(name, await auditFixture(name))
})
const fixture = (name: string) => fixtures.get(name)!

const broken = ['ghosts', 'unrestorable', 'scattered-unrestorable', 'scattered-partly-repaired', 'wrapped', 'smmu-s3'] as const
const isBroken = (name: string) => broken.some((other) => other === name)

const ids = ({ devices }: View) => devices.map(({ deviceId, events }) => [deviceId, ...events.map(({ eventId }) => eventId)])

/** Unbound, its MAPD overwritten in the ring: no witness knows whether the guest still has this device, which has no event. */
const maybeMapped = (name: string, view: View): View =>
  name === 'wrapped' || name === 'smmu-s3' ? { ...view, devices: view.devices.filter(({ deviceId }) => deviceId !== 8) } : view

describe('repairing what is proven and loses nothing', () => {
  it.each(broken)('makes %s restore exactly what its guest has mapped', (name) => {
    const input = fixture(name)
    const plan = planOne(input, { allow: 'proven' })
    expect([plan.before.verdict === 'restores', plan.after.verdict, plan.obstacles]).toEqual([false, 'restores', []])
    const restored = viewFrom(setScene({ ...input, memory: plan.memory }), 'restored')
    expect(ids(maybeMapped(name, restored))).toEqual(ids(viewFrom(setScene(input), 'guest')))
    expect(plan.after.restored.events).toBe(plan.after.live.events)
    expect([plan.lost, plan.lostDevices]).toEqual([[], []])
  })

  it.each(streamFixtures)('finds nothing left to do in %s the second time', (name) => {
    const plan = planOne(fixture(name), { allow: 'proven' })
    const again = planOne({ ...fixture(name), memory: plan.memory }, { allow: 'everything' })
    expect([again.before.verdict, again.writes, again.obstacles]).toEqual(['restores', [], []])
  })

  it.each(streamFixtures.filter((name) => !isBroken(name)))('leaves %s alone', (name) => {
    expect(planOne(fixture(name), { allow: 'everything' }).writes).toEqual([])
  })

  it('changes the words that it names, and no other byte', () => {
    const { memory } = fixture('ghosts')
    const plan = planOne(fixture('ghosts'), { allow: 'proven' })
    const undone = plan.memory.fork()
    for (const { at, from } of plan.writes) undone.setWord(at, from[0], from[1])
    expect(plan.memory.dirtyPages()).not.toEqual([])
    for (const page of plan.memory.dirtyPages()) expect(undone.read(page, PAGE_BYTES)).toEqual(memory.read(page, PAGE_BYTES))
  })

  it('leaves no kernel worse off than before', () => {
    const order = ['corrupts', 'fails', 'restores']
    for (const name of broken) {
      const { kernels } = planOne(fixture(name), { allow: 'proven' })
      expect(kernels).toHaveLength(releasedKernels.length)
      for (const { before, after } of kernels) {
        expect(order.indexOf(after.verdict)).toBeGreaterThanOrEqual(order.indexOf(before.verdict))
        expect(after.revived.count).toBe(0)
      }
    }
  })
})

describe('the trap in unrestorable: events 0 to 2 of device 768 look stale and are alive', () => {
  it('is not stepped into: the six orphan DTEs are cleared and nothing else', () => {
    const { writes } = planOne(fixture('unrestorable'), { allow: 'everything' })
    expect(writes.map(({ kind, id, to }) => [kind, id, ...to])).toEqual(
      ['0x8', '0x10', '0x18', '0x20', '0x28', '0x200'].map((id) => ['DTE', `DeviceID ${id}`, 0, 0]),
    )
  })
})

describe('the trap in wrapped: no MAPD left in the queue proves nothing', () => {
  it('is not stepped into: all 15 live events that the MSI-X state names come back', () => {
    const plan = planOne(fixture('wrapped'), { allow: 'everything' })
    const restored = mappedIn(setScene({ ...fixture('wrapped'), memory: plan.memory }).restored.mappings)
    expect([[...restored.devices].filter((id) => id !== 8).length, restored.eventCount, plan.lost]).toEqual([7, 15, []])
  })

  it.each(['proven', 'everything'] as const)('clears no live entry without the MSI-X state either (%s)', (allow) => {
    const { msi: _, ...input } = fixture('wrapped')
    const guest = setScene(fixture('wrapped')).beliefs.live
    const left = mappedIn(setScene({ ...input, memory: planOne(input, { allow }).memory }).tables.mappings)
    expect(guest.without(left).isEmpty).toBe(true)
  })
})

describe('the trap in scattered-unrestorable: clearing what KVM complains of loses 40 mappings in silence', () => {
  it('is not stepped into: such a plan has an obstacle', () => {
    const plan = planOne(fixture('scattered-unrestorable'), { allow: new Set<ProblemCode>(['D203']) })
    expect(plan.writes.map(({ id }) => id)).toEqual(['DeviceID 0x5200'])
    expect(plan.after.verdict).toBe('corrupts')
    expect(plan.obstacles.map(({ says }) => says)).toContain(
      'D207 is left: DeviceID 0xa300 is an orphan with next=0: a restore takes it for the last device and stops there.',
    )
  })
})

describe('sealing', () => {
  it('makes kernels before 6.0.6 follow the chain too, where a plain repair cannot', () => {
    const restoredBy = (seal: boolean) => {
      const { kernels, obstacles } = planOne(fixture('scattered-unrestorable'), { allow: 'proven', seal })
      expect(obstacles).toEqual([])
      return kernels.filter(({ after }) => after.verdict === 'restores').length
    }
    expect([restoredBy(false), restoredBy(true)]).toEqual([releasedKernels.length - 2, releasedKernels.length])
  })

  it('rewrites the jumps that leave a second-level page, and nothing in a table without any', () => {
    const sealed = (name: string) =>
      planOne(fixture(name), { allow: 'proven', seal: true }).writes.map(({ code, id }) => [code, id])
    expect(sealed('scattered-clean')).toEqual([
      ['seal', 'DeviceID 0x200'],
      ['seal', 'DeviceID 0x5301'],
      ['seal', 'DeviceID 0xa402'],
    ])
    expect(sealed('healthy')).toEqual([])
  })
})
