import { parseArgs } from 'node:util'
import { profileOfKernel, type Quirks } from '@vits/core/abi'
import type { Answered } from '../fuzz/answered.ts'
import { askKernel } from '../fuzz/ask-kernel.ts'
import { explain, turnedOver, untold } from '../fuzz/explain.ts'
import { wholeNumber } from '../fuzz/options.ts'
import { questions } from '../fuzz/questions.ts'
import { withKvm } from '../lab.ts'

/**
 * Says which quirks a kernel has, whatever its version: plays the scenarios of fixtures/vectors and random histories on it, and names
 * the profile, or the smallest change to one, that answers all of them as the kernel does. Exit code 1 if there is none.
 */
export async function identify(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { cases: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
  })
  const [kernel, more] = positionals
  if (kernel === undefined || more !== undefined) throw new Error('name one kernel: a version that was fetched, or a path')
  const [cases, seed] = [wholeNumber('--cases', values.cases), wholeNumber('--seed', values.seed)]
  const asked = questions(cases, seed)
  return withKvm(kernel, async (kvm) => {
    console.log(`${kvm.name} (${kvm.host.kernel}, ${kvm.host.kernelVersion})`)
    const start = performance.now()
    const { histories, known, died } = await askKernel([kvm], asked)
    const steps = histories.reduce((sum, history) => sum + history.length, 0)
    console.log(`asked ${asked.length} histories, ${steps} steps, in ${secondsSince(start)}`)
    if (known['null-collection-oops'] === true)
      console.log('it dies of saving an event whose collection is gone: null-collection-oops')
    if (died.length > 0) console.log(`it died under ${died.length} histories that no quirk explains`)
    return told(kvm.host.release, histories, known) + Math.min(died.length, 1)
  })
}

const secondsSince = (start: number) => `${((performance.now() - start) / 1000).toFixed(1)} s`

/** Prints what explains the answers; 0 if all are explained. */
function told(release: string, histories: readonly Answered[], known: Partial<Quirks>): number {
  const start = performance.now()
  const near = profileOfKernel(release)?.profile
  const found = explain(histories, near, known)
  const turned = turnedOver(found).map((name) => `${found.quirks[name] ? 'with' : 'without'} ${name}`)
  const answers =
    found.unexplained.length === 0
      ? 'answers as it does'
      : `comes nearest; ${found.unexplained.length} histories stay unexplained`
  console.log(`\n${[found.profile, ...turned].join('\n  ')}\n${answers} (${secondsSince(start)})`)
  if (near !== found.profile) console.log(`vits takes ${near ?? 'no profile'} for Linux ${release}`)
  const silent = untold(histories, found).filter((name) => !(name in known))
  if (silent.length > 0) console.log(`none of what was asked tells: ${silent.join(', ')}`)
  return found.unexplained.length === 0 ? 0 : 1
}
