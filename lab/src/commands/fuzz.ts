import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { isProfileId, type ProfileId, profiles } from '@vits/core'
import { ModelSubject, type Subject } from '@vits/core/conformance'
import { CACHE } from '../cache.ts'
import { stepsOf } from '../fuzz/case-steps.ts'
import { caseOf, type Disagreement, disagreement, shrunk } from '../fuzz/side-by-side.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { withKvm } from '../lab.ts'
import { profileOf } from '../profile.ts'
import { formatRecording } from '../recording.ts'

/** Cases that are at the kernel while the model still plays another. */
const AHEAD = 4
/** Differences that are shrunk and written down; one bug shows up in many cases. */
const SHRUNK = 3
const PROGRESS_MS = 10_000

/**
 * Random histories on the model and on a kernel, side by side: every answer and every byte of the tables and pending tables is
 * compared. Case n of `--seed S` is the history of seed S + n. Exit code 1 if any differs.
 */
export async function fuzz(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      kernel: { type: 'string', default: '6.12' },
      cases: { type: 'string', default: '500' },
      seed: { type: 'string', default: '1' },
      profile: { type: 'string' },
    },
  })
  const cases = wholeNumber('--cases', values.cases)
  const seed = wholeNumber('--seed', values.seed)
  const differing = await withKvm(values.kernel, (kvm) => {
    const profile = chosenProfile(values.profile) ?? profileOf(kvm.host.release)
    return fuzzOn(kvm, () => new ModelSubject(profile), { cases, seed, profile })
  })
  return differing === 0 ? 0 : 1
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${option} is a whole number, not ${text}`)
  return value
}

function chosenProfile(id: string | undefined): ProfileId | undefined {
  if (id === undefined || isProfileId(id)) return id
  throw new Error(`no profile ${id}; there are ${Object.keys(profiles).join(', ')}`)
}

interface Plan {
  readonly cases: number
  readonly seed: number
  readonly profile: ProfileId
}

async function fuzzOn(kvm: KvmSubject, model: () => Subject, { cases, seed, profile }: Plan): Promise<number> {
  console.log(`${kvm.name} and the model of ${profile}: ${cases} cases from seed ${seed}`)
  const start = performance.now()
  const differing: number[] = []
  const running: Promise<void>[] = []
  let steps = 0
  let told = start
  for (let n = 0; n < cases; n++) {
    const history = stepsOf(caseOf(seed + n))
    steps += history.length
    const played = disagreement(kvm, model(), history).then((found) => {
      if (found === undefined) return
      differing.push(seed + n)
      tellShort(seed + n, found)
    })
    if (running.push(played) > AHEAD) await running.shift()
    if (performance.now() - told < PROGRESS_MS) continue
    told = performance.now()
    console.log(`  ${n + 1} cases, ${differing.length} differ`)
  }
  await Promise.all(running)
  const seconds = (performance.now() - start) / 1000
  const speed = `${seconds.toFixed(1)} s, ${(cases / seconds).toFixed(0)} cases a second`
  console.log(`${cases} cases, ${steps} steps, ${differing.length} cases differ (${speed})`)
  for (const bad of differing.slice(0, SHRUNK)) await tellShrunk(kvm, model, bad)
  return differing.length
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
