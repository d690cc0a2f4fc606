import { isProfileId, type KernelProfile, NEWEST, type Profile, type ProfileId, profileOfKernel, profiles } from '@vits/core/abi'
import type { JudgedDocument } from '@vits/core/documents'
import { UsageError } from '../failure.ts'
import type { Io } from '../io.ts'
import { printable } from '../printable.ts'
import { HOST } from './host.ts'

/** A kernel as it is judged, and which it is. */
export interface JudgedKernel {
  readonly profile: Profile
  readonly told: JudgedDocument
  /** Of a kernel that is no profile: how it was found, and of what it is unknown. */
  readonly found: KernelProfile | undefined
  /** The machine that runs it, where that is not one for arm64 VMs. */
  readonly foreign: string | undefined
}

/**
 * The kernel that a report is of: the one that is named, by the id of its profile, by what `uname -r` prints on its host or as `host`, with the
 * quirks of its own release; else the newest that is known.
 *
 * @throws UsageError for a name that is none of them, with the profiles there are.
 */
export function judgedKernel(name: string | undefined, io: Pick<Io, 'hostKernel'>): JudgedKernel {
  if (name === undefined || isProfileId(name)) {
    const profile = name ?? NEWEST
    const by = name === undefined ? 'default' : 'name'
    const none = { release: null, vendor: null, known: null, differs: [] }
    return {
      profile: profiles[profile],
      told: { by, name: name ?? null, profile, ...none },
      found: undefined,
      foreign: undefined,
    }
  }
  const { release, version, machine } = name === HOST ? hostKernel(io) : { release: name, version: name, machine: ARM64 }
  const found = kernelNamed(version, name === HOST ? `${HOST} (${release})` : name)
  const { profile, vendor = null, known, differs } = found
  const by = name === HOST ? 'host' : 'name'
  const told: JudgedDocument = { by, name: release, profile, release: found.release, vendor, known, differs }
  return { profile: found.judged, told, found, foreign: machine === ARM64 ? undefined : machine }
}

const ARM64 = 'aarch64'

function hostKernel(io: Pick<Io, 'hostKernel'>) {
  const host = io.hostKernel()
  if (host.system !== 'Linux') {
    throw new UsageError(`--kernel ${HOST}: this machine runs ${host.system}, and no Linux: name the kernel of the VM’s host`)
  }
  return host
}

/** The same where no report says which it is: which profile it was taken for, and how surely, goes to stderr. */
export function profileNamed(name: string, io: Pick<Io, 'err' | 'hostKernel'>): Profile {
  const judged = judgedKernel(name, io)
  if (judged.found !== undefined) io.err(`vits: ${printable(takenFor(judged, `, judged as ${judged.found.release} has them`))}\n`)
  return judged.profile
}

/** The same for what runs a profile and no other kernel: the one that is nearest. */
export function profileNearest(name: string, io: Pick<Io, 'err' | 'hostKernel'>): Profile {
  const judged = judgedKernel(name, io)
  if (judged.found !== undefined) io.err(`vits: ${printable(takenFor(judged, ''))}\n`)
  return profiles[judged.told.profile]
}

function kernelNamed(version: string, name: string): KernelProfile {
  const found = profileOfKernel(version)
  if (found !== undefined) return found
  const known: readonly (ProfileId | typeof HOST)[] = [HOST, ...(Object.keys(profiles) as ProfileId[])]
  throw new UsageError(`no kernel '${name}' is known: name one as uname -r prints it, or one of ${known.join(', ')}`)
}

/** `then`: what is made of where the two differ. */
function takenFor({ told: { name }, found }: JudgedKernel, then: string): string {
  return `${name} is taken for ${kernelWords(found!, name!, then)}`
}

/** `linux-6.6, as Linux 6.1.119: by the history of its series`. */
function kernelWords({ profile, release, vendor, known, unknown, differs }: KernelProfile, name: string, then: string): string {
  const surely = {
    run: 'which was run',
    read: 'by the history of its series',
    like: `not verified${vendor === undefined ? '' : `, ${vendor} may have changes that ${release} has not`}`,
  }[known]
  const apart = differs.length === 0 ? '' : `; ${profile} is the nearest and differs in ${differs.join(', ')}${then}`
  const open = unknown.length === 0 ? '' : `; unknown whether ${name} has ${unknown.join(', ')}`
  return `${profile}, as Linux ${release}: ${surely}${apart}${open}`
}

/** The second line of a report: which kernel it is of, and why that one. */
export function judgedWords({ told: { by, name, profile }, found, foreign }: JudgedKernel): string {
  if (by === 'default') return `Judged for ${profile}, the newest kernel known: no --kernel is given.`
  const why =
    by === 'host'
      ? `which runs on this machine${foreign === undefined ? '' : ` (${foreign}: it runs no arm64 VM)`}`
      : 'as --kernel says'
  if (found === undefined) return `Judged for ${profile}, ${why}.`
  return `Judged for ${printable(name!)}, ${why}: taken for ${kernelWords(found, printable(name!), `, judged as ${found.release} has them`)}.`
}
