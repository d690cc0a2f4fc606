import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ProfileId, profiles } from '../abi/index.ts'
import { setScene } from '../audit/index.ts'
import { ModelSubject } from '../conformance/index.ts'
import { deeds } from '../conformance/testing/guests/deeds.ts'
import { anyManners } from '../conformance/testing/guests/manners.ts'
import { PlayedGuest } from '../conformance/testing/guests/played-guest.ts'
import { savedOn } from '../conformance/testing/guests/saved-guest.ts'
import { runs } from '../memory/testing/runs.ts'
import { mappedIn } from './mapped-in.ts'
import { planOne } from './testing/plan-one.ts'

describe.each<ProfileId>(['linux-6.12.117', 'linux-6.6'])('a guest of whatever manners, saved by %s', (kernel) => {
  it('keeps through every repair that may be written all that a restore of the VM as it was brings back', () => {
    fc.assert(
      fc.property(anyManners, deeds, fc.constantFrom('proven' as const, 'everything' as const), (manners, list, allow) => {
        const guest = new PlayedGuest(manners).live(list).comesToRest()
        const saved = savedOn(new ModelSubject(kernel), guest)
        if (saved === undefined) return
        const input = { ...saved, profile: profiles[kernel] }
        const { obstacles, memory } = planOne(input, { allow, strict: true })
        if (obstacles.length > 0) return
        const was = mappedIn(setScene(input).restored.mappings)
        const lost = guest.books.mapped.without(mappedIn(setScene({ ...input, memory }).restored.mappings))
        expect([...lost.events()].filter(([deviceId, eventId]) => was.hasEvent(deviceId, eventId))).toEqual([])
        expect([...lost.devices].filter((deviceId) => was.hasDevice(deviceId))).toEqual([])
      }),
      { numRuns: runs(120) },
    )
  })
})
