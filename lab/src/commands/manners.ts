import { parseArgs } from 'node:util'
import { type ProfileId, profileOfKernel, profiles } from '@vits/core/abi'
import { namedManners } from '../../../core/src/conformance/testing/guests/manners.ts'
import { kernelImage } from '../cache.ts'
import { wholeNumber } from '../fuzz/options.ts'
import { NestedHost } from '../guests/nested-host.ts'
import { hostKernel } from '../guests/parts.ts'
import { unfixedKernel } from '../guests/unfixed.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { withKvms } from '../lab.ts'
import { guestOf, mannerNames } from '../manners/life.ts'
import { Tally, tallyHead } from '../manners/tally.ts'
import { type Kernel, type Trial, tryGuest } from '../manners/trial.ts'

/** Machines that boot the same kernel, and guests that each has at once. */
const MACHINES = 2
const AHEAD = 3
/** Of each manner. */
const TOLD = 3
/** The image of 6.12 that leaves the entries of what a guest unmaps, as kernels before 6.12.2 and 6.1.120 did. */
const UNFIXED = 'unfixed'

/**
 * Lets guests of odd manners live on a real KVM, and holds what vits says of their saves against what the same KVM restores. Guest n
 * of `--seed S` has seed S + n, whatever its manners. Exit code 1 if KVM does not answer as the model does, or vits is wrong.
 */
export async function manners(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      kernel: { type: 'string', default: '6.12' },
      count: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      list: { type: 'boolean' },
    },
  })
  if (values.list === true) return listManners()
  for (const name of positionals) {
    if (!mannerNames.includes(name)) throw new Error(`no manners of ${name}: there is ${mannerNames.join(', ')}`)
  }
  const count = wholeNumber('--count', values.count)
  const seed = wholeNumber('--seed', values.seed)
  const unfixed = values.kernel === UNFIXED
  const image = unfixed ? await unfixedKernel(() => NestedHost.boot(kernelImage(hostKernel))) : values.kernel
  return withKvms(image, MACHINES, async (kvms) => {
    const kernel = kernelOf(kvms[0]!.host.release, unfixed)
    console.log(
      `${count} guests of each manner from seed ${seed} on ${kvms[0]!.name}${unfixed ? ', unfixed' : ''}\n\n${tallyHead}`,
    )
    let wrong = 0
    for (const name of positionals.length > 0 ? positionals : mannerNames) {
      const tally = new Tally(name)
      await playAll(kvms, kernel, { tally, count, seed })
      console.log(tally.row)
      for (const line of tally.told.slice(0, TOLD)) console.log(line)
      wrong += tally.wrong
    }
    return wrong === 0 ? 0 : 1
  })
}

function kernelOf(release: string, unfixed: boolean): Kernel {
  const profile: ProfileId | undefined = profileOfKernel(release)?.profile
  if (profile === undefined) throw new Error(`no profile is near Linux ${release}`)
  const { quirks } = profiles[profile]
  return { profile, quirks: unfixed ? { ...quirks, 'keeps-unmapped': true } : quirks }
}

interface Played {
  readonly tally: Tally
  readonly count: number
  readonly seed: number
}

async function playAll(kvms: readonly KvmSubject[], kernel: Kernel, { tally, count, seed }: Played): Promise<void> {
  let next = 0
  const run = async (kvm: KvmSubject) => {
    while (next < count) {
      const n = seed + next++
      tally.add(n, await triedAs(tally.name, n, kvm, kernel))
    }
  }
  await Promise.all(kvms.flatMap((kvm) => Array.from({ length: AHEAD }, () => run(kvm))))
}

async function triedAs(name: string, seed: number, kvm: KvmSubject, kernel: Kernel): Promise<Trial> {
  try {
    return await tryGuest(kvm, guestOf(name, seed), kernel)
  } catch (error) {
    throw new Error(`${name}, seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

function listManners(): number {
  for (const [name, values] of Object.entries(namedManners)) console.log(`${name.padEnd(18)} ${JSON.stringify(values)}`)
  return 0
}
