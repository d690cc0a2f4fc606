import { isProfileId, type KernelProfile, type Profile, profileOfKernel, profiles } from '@vits/core/abi'
import { UsageError } from './failure.ts'
import type { Io } from './io.ts'
import { printable } from './printable.ts'

/**
 * A kernel by the id of its profile or by what `uname -r` prints on its host, with the quirks of its own release; which profile it was
 * taken for, and how surely, goes to stderr.
 *
 * @throws UsageError for a name that is neither, with the profiles there are.
 */
export function profileNamed(name: string, { err }: Pick<Io, 'err'>): Profile {
  if (isProfileId(name)) return profiles[name]
  const found = kernelNamed(name)
  err(`vits: ${printable(takenFor(name, found, `, judged as ${found.release} has them`))}\n`)
  return found.judged
}

/** The same for what runs a profile and no other kernel: the one that is nearest. */
export function profileNearest(name: string, { err }: Pick<Io, 'err'>): Profile {
  if (isProfileId(name)) return profiles[name]
  const found = kernelNamed(name)
  err(`vits: ${printable(takenFor(name, found, ''))}\n`)
  return profiles[found.profile]
}

function kernelNamed(name: string): KernelProfile {
  const found = profileOfKernel(name)
  if (found !== undefined) return found
  throw new UsageError(
    `no kernel '${name}' is known: name one as uname -r prints it, or one of ${Object.keys(profiles).join(', ')}`,
  )
}

/** `then`: what is made of where the two differ. */
function takenFor(name: string, { profile, release, vendor, known, unknown, differs }: KernelProfile, then: string): string {
  const surely = {
    run: 'which was run',
    read: 'by the history of its series',
    like: `not verified${vendor === undefined ? '' : `, ${vendor} may have changes that ${release} has not`}`,
  }[known]
  const apart = differs.length === 0 ? '' : `; ${profile} is the nearest and differs in ${differs.join(', ')}${then}`
  const open = unknown.length === 0 ? '' : `; unknown whether ${name} has ${unknown.join(', ')}`
  return `${name} is taken for ${profile}, as Linux ${release}: ${surely}${apart}${open}`
}
