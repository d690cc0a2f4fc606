import { isProfileId, type KernelProfile, type Profile, profileOfKernel, profiles } from '@vits/core/abi'
import { UsageError } from './failure.ts'
import type { Io } from './io.ts'
import { printable } from './printable.ts'

/**
 * The profile of a kernel, by its id or by what `uname -r` prints on its host, with the quirks of that kernel; which profile that name was
 * taken for, and how surely, goes to stderr.
 *
 * @throws UsageError for a name that is neither, with the profiles there are.
 */
export function profileNamed(name: string, { err }: Pick<Io, 'err'>): Profile {
  if (isProfileId(name)) return profiles[name]
  const found = profileOfKernel(name)
  if (found === undefined) {
    throw new UsageError(
      `no kernel '${name}' is known: name one as uname -r prints it, or one of ${Object.keys(profiles).join(', ')}`,
    )
  }
  err(`vits: ${printable(takenFor(name, found))}\n`)
  return found.judged
}

function takenFor(name: string, { profile, release, vendor, known, unknown, differs }: KernelProfile): string {
  const surely = {
    run: 'which was run',
    read: 'by the history of its series',
    like: `not verified${vendor === undefined ? '' : `, ${vendor} may have changes that ${release} has not`}`,
  }[known]
  const apart =
    differs.length === 0 ? '' : `; ${profile} is the nearest and differs in ${differs.join(', ')}, judged as ${release} has them`
  const open = unknown.length === 0 ? '' : `; unknown whether ${name} has ${unknown.join(', ')}`
  return `${name} is taken for ${profile}, as Linux ${release}: ${surely}${apart}${open}`
}
