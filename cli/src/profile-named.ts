import { type Profile, profiles } from '@vits/core/abi'
import { UsageError } from './failure.ts'

/** The profile of this id. @throws UsageError with the ones there are. */
export function profileNamed(id: string): Profile {
  const found = Object.values(profiles).find((profile) => profile.id === id)
  if (found === undefined) throw new UsageError(`no kernel '${id}' is known; one of ${Object.keys(profiles).join(', ')}`)
  return found
}
