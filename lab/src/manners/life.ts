import fc from 'fast-check'
import { deeds } from '../../../core/src/conformance/testing/guests/deeds.ts'
import { anyManners, type Manners, namedManners } from '../../../core/src/conformance/testing/guests/manners.ts'
import { PlayedGuest } from '../../../core/src/conformance/testing/guests/played-guest.ts'

/** Manners put together at random. */
const ANY = 'any'

/** Whose manners a guest can have. */
export const mannerNames: readonly string[] = [...Object.keys(namedManners), ANY]

/** The guest of these manners and a seed; the same for ever, unless the generator changes. */
export function guestOf(name: string, seed: number): PlayedGuest {
  const named = (namedManners as Readonly<Record<string, Manners>>)[name]
  const life = fc.tuple(named === undefined ? anyManners : fc.constant(named), deeds)
  const [manners, list] = fc.sample(life, { seed, numRuns: 1 })[0]!
  return new PlayedGuest(manners).live(list).comesToRest()
}
