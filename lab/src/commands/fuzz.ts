import { mkdirSync, writeFileSync } from 'node:fs'
import type { ProfileId } from '@vits/core/abi'
import { ModelSubject, type Subject } from '@vits/core/conformance'
import { CACHE } from '../cache.ts'
import { stepsOf } from '../fuzz/case-steps.ts'
import { caseOptions } from '../fuzz/options.ts'
import { caseOf, type Disagreement, disagreement, shrunk } from '../fuzz/side-by-side.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { withKvms } from '../lab.ts'
import { formatRecording } from '../recording.ts'

/** Machines that boot the same kernel, and cases that each has to do while the model plays another: QEMU is the slower one. */
const MACHINES = 2
const AHEAD = 3
/** Differences that are shrunk and written down; one bug shows up in many cases. */
const SHRUNK = 3
const PROGRESS_MS = 10_000

/**
 * Random histories on the model and on a kernel, side by side: every answer and every byte of the tables and pending tables is
 * compared. Case n of `--seed S` is the history of seed S + n. Exit code 1 if any differs.
 */
export async function fuzz(args: string[]): Promise<number> {
  const { kernel, cases, seed, profileFor } = caseOptions(args)
  const differing = await withKvms(kernel, MACHINES, (kvms) => {
    const profile = profileFor(kvms[0]!.host.release)
    return fuzzOn(kvms, () => new ModelSubject(profile), { cases, seed, profile })
  })
  return differing === 0 ? 0 : 1
}

interface Plan {
  readonly cases: number
  readonly seed: number
  readonly profile: ProfileId
}

async function fuzzOn(kvms: readonly KvmSubject[], model: () => Subject, plan: Plan): Promise<number> {
  console.log(`${kvms[0]!.name} and the model of ${plan.profile}: ${plan.cases} cases from seed ${plan.seed}`)
  const start = performance.now()
  const progress = { next: 0, steps: 0, differing: [] as number[] }
  const timer = setInterval(() => console.log(`  ${progress.next} cases, ${progress.differing.length} differ`), PROGRESS_MS)
  try {
    await Promise.all(kvms.flatMap((kvm) => Array.from({ length: AHEAD }, () => playCases(kvm, model, plan, progress))))
  } finally {
    clearInterval(timer)
  }
  const { differing, steps } = progress
  const seconds = (performance.now() - start) / 1000
  const speed = `${seconds.toFixed(1)} s, ${(plan.cases / seconds).toFixed(0)} cases a second`
  console.log(`${plan.cases} cases, ${steps} steps, ${differing.length} cases differ (${speed})`)
  for (const bad of differing.slice(0, SHRUNK)) await tellShrunk(kvms[0]!, model, bad)
  return differing.length
}

interface Progress {
  next: number
  steps: number
  readonly differing: number[]
}

/** Takes cases until there are none; several of these share a kernel. */
async function playCases(kvm: KvmSubject, model: () => Subject, { cases, seed }: Plan, progress: Progress): Promise<void> {
  while (progress.next < cases) {
    const caseSeed = seed + progress.next++
    const history = stepsOf(caseOf(caseSeed))
    progress.steps += history.length
    const found = await disagreement(kvm, model(), history)
    if (found === undefined) continue
    progress.differing.push(caseSeed)
    tellShort(caseSeed, found)
  }
}

function tellShort(seed: number, { difference }: Disagreement): void {
  const { step, op, field, recorded, answered } = difference
  console.log(
    `  seed ${seed}, step ${step}, ${op}: ${field} is ${abridged(recorded)} for KVM, ${abridged(answered)} for the model`,
  )
}

const abridged = (text: string) => (text.length > 400 ? `${text.slice(0, 400)}...` : text || 'nothing')

/** Shrinks a difference and keeps it as a recording, ready to be a test case. */
async function tellShrunk(kvm: KvmSubject, model: () => Subject, seed: number): Promise<void> {
  const found = await shrunk(kvm, model, seed)
  if (found === undefined) {
    console.log(`seed ${seed} did not differ again`)
    return
  }
  const folder = `${CACHE}differences`
  mkdirSync(folder, { recursive: true })
  const scenario = `difference_${seed}`
  const path = `${folder}/${scenario}.${kvm.host.release}.json`
  const text = formatRecording({ format: 'kvm-its-golden-1', scenario, kernel: kvm.host.kernel, steps: found.steps })
  writeFileSync(path, text)
  console.log(`\nseed ${seed}, shrunk to ${found.steps.length} steps, the last of which differs: ${path}`)
  tellShort(seed, found)
  console.log(text)
}
