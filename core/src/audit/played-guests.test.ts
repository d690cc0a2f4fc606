import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ProfileId, profiles } from '../abi/index.ts'
import { ModelSubject } from '../conformance/index.ts'
import { deeds } from '../conformance/testing/guests/deeds.ts'
import { anyManners } from '../conformance/testing/guests/manners.ts'
import { PlayedGuest } from '../conformance/testing/guests/played-guest.ts'
import { savedOn } from '../conformance/testing/guests/saved-guest.ts'
import { runs } from '../memory/testing/runs.ts'
import { EventSet } from '../tables/index.ts'
import { audit, type Finding, type Scene, setScene } from './index.ts'

/** The devices and events that a restore brings back. */
function broughtBack({ restored: { mappings } }: Scene): EventSet {
  const set = new EventSet()
  for (const { deviceId, first, count } of mappings.devices) {
    set.addDevice(deviceId)
    for (let row = first; row < first + count; row++) set.addEvent(deviceId, mappings.events.eventId[row]!)
  }
  return set
}

/** True when a restore brings back what the guest has mapped, and no other event. */
function comesBack(scene: Scene, mapped: EventSet): boolean {
  const back = broughtBack(scene)
  return scene.restored.objection === undefined && back.without(mapped).eventCount === 0 && mapped.without(back).isEmpty
}

const kernels: readonly ProfileId[] = ['linux-6.12.117', 'linux-6.6']

/** Lets guests live and be saved; `look` is given what an audit sees and what they have mapped. */
function property(kernel: ProfileId, look: (scene: Scene, mapped: EventSet) => void): void {
  fc.assert(
    fc.property(anyManners, deeds, (manners, list) => {
      const guest = new PlayedGuest(manners).live(list).comesToRest()
      const saved = savedOn(new ModelSubject(kernel), guest)
      if (saved !== undefined) look(setScene({ ...saved, profile: profiles[kernel] }), guest.books.mapped)
    }),
    { numRuns: runs(150) },
  )
}

describe.each(kernels)('a guest of whatever manners, saved by %s', (kernel) => {
  it('has nothing called dead that it has mapped', () => {
    property(kernel, ({ beliefs }, mapped) => {
      const dead = [...mapped.events()].filter(([deviceId, eventId]) => beliefs.eventBelief(deviceId, eventId) === 'dead')
      expect(dead).toEqual([])
    })
  })

  it('has nothing called live that it has not mapped', () => {
    property(kernel, ({ beliefs }, mapped) => {
      const believed = beliefs.live.without(mapped)
      expect([[...believed.devices], [...believed.events()]]).toEqual([[], []])
    })
  })

  it('raises no alarm when a restore brings back what it has, but that what no restore reaches may be live, where no witness knows', () => {
    property(kernel, (scene, mapped) => {
      if (!comesBack(scene, mapped)) return
      const { verdict, findings } = audit(scene)
      const alarms = findings.filter(({ severity }) => severity === 'fails' || severity === 'corrupts')
      const isPerhaps = ({ code, confidence }: Finding) => (code === 'D215' || code === 'I312') && confidence === 'inferred'
      expect(alarms.filter((alarm) => !isPerhaps(alarm))).toEqual([])
      if (alarms.length === 0) expect(verdict).toBe('restores')
    })
  })

  it('is not called well when a restore brings back something else, unless the report says that events are unknown', () => {
    property(kernel, (scene, mapped) => {
      if (comesBack(scene, mapped)) return
      const { verdict, unknown } = audit(scene)
      expect(verdict !== 'restores' || unknown > 0).toBe(true)
    })
  })
})
