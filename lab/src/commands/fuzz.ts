import { mkdirSync, writeFileSync } from 'node:fs'
import { askMany } from '../ask-many.ts'
import { writeAsked } from '../asked.ts'
import { CACHE } from '../folders.ts'
import { stepsOf } from '../fuzz/case-steps.ts'
import { type ModelOf, modelOptions } from '../fuzz/options.ts'
import { caseOf, compared, type Disagreement, shrunk } from '../fuzz/side-by-side.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { withKvms } from '../lab.ts'
import { formatRecording } from '../recording.ts'

/** Machines that boot the same kernel: QEMU is slower than the model. */
const MACHINES = 2
/** Differences that are shrunk and written down; one bug shows up in many cases. */
const SHRUNK = 3
const PROGRESS_MS = 10_000

/**
 * Random histories on the model and on a kernel, side by side: every answer and every byte of the tables and pending tables is
 * compared. Case n of `--seed S` is the history of seed S + n; it ends before a save that the model says stops the host. Exit code 1
 * if any differs, or stops the host all the same.
 */
export async function fuzz(args: string[]): Promise<number> {
  const { kernel, cases, seed, keep, modelFor } = modelOptions(args)
  return withKvms(kernel, MACHINES, async (kvms) => {
    const model = modelFor(kvms[0]!.host.release)
    console.log(`${kvms[0]!.name} and the model of ${model.title}: ${cases} cases from seed ${seed}`)
    const progress = await playAllCases(kvms, model, { cases, seed })
    if (keep && progress.deadly.length === 0) keepAsked(kvms[0]!, model, { cases, seed }, progress)
    for (const bad of progress.differing.slice(0, SHRUNK)) await tellShrunk(kvms[0]!, model, bad)
    return progress.differing.length + progress.deadly.length === 0 ? 0 : 1
  })
}

interface Plan {
  readonly cases: number
  readonly seed: number
}

interface Progress {
  done: number
  steps: number
  /** Histories that were cut before a save which stops the host. */
  cut: number
  readonly differing: number[]
  /** Histories under which a host died that the model says survives. */
  readonly deadly: number[]
}

async function playAllCases(kvms: readonly KvmSubject[], model: ModelOf, { cases, seed }: Plan): Promise<Progress> {
  const start = performance.now()
  const progress: Progress = { done: 0, steps: 0, cut: 0, differing: [], deadly: [] }
  const { differing, deadly } = progress
  const timer = setInterval(() => console.log(`  ${progress.done} cases, ${differing.length} differ`), PROGRESS_MS)
  const seeds = Array.from({ length: cases }, (_, n) => seed + n)
  const died = (deadlySeed: number) => {
    deadly.push(deadlySeed)
    console.log(`  seed ${deadlySeed}: the host dies, and the model does not say so`)
  }
  try {
    await askMany(kvms, seeds, (kvm, caseSeed) => playCase(kvm, model, caseSeed, progress), died)
  } finally {
    clearInterval(timer)
  }
  const { steps, cut } = progress
  const seconds = (performance.now() - start) / 1000
  const speed = `${seconds.toFixed(1)} s, ${(cases / seconds).toFixed(0)} cases a second`
  const ended = `${cut} cut before a save that stops the host, ${deadly.length} stopped it unforeseen`
  console.log(`${cases} cases, ${steps} steps, ${ended}, ${differing.length} cases differ (${speed})`)
  return progress
}

function keepAsked({ host }: KvmSubject, model: ModelOf, { cases, seed }: Plan, { steps, cut, differing }: Progress): void {
  const { release, kernelVersion: build } = host
  writeAsked({ release, build, model: model.title, seed, histories: cases, steps, cut, differing })
}

async function playCase(kvm: KvmSubject, model: ModelOf, seed: number, progress: Progress): Promise<void> {
  const { steps, cut, found } = await compared(kvm, model.model(), stepsOf(caseOf(seed)))
  progress.done++
  progress.steps += steps.length
  if (cut) progress.cut++
  if (found === undefined) return
  progress.differing.push(seed)
  tellShort(seed, found)
}

function tellShort(seed: number, { difference }: Disagreement): void {
  const { step, op, field, recorded, answered } = difference
  console.log(
    `  seed ${seed}, step ${step}, ${op}: ${field} is ${abridged(recorded)} for KVM, ${abridged(answered)} for the model`,
  )
}

const abridged = (text: string) => (text.length > 400 ? `${text.slice(0, 400)}...` : text || 'nothing')

/** Shrinks a difference and keeps it as a recording, ready to be a test case. */
async function tellShrunk(kvm: KvmSubject, model: ModelOf, seed: number): Promise<void> {
  const found = await shrunk(kvm, () => model.model(), seed)
  if (found === undefined) {
    console.log(`seed ${seed} did not differ again`)
    return
  }
  const folder = `${CACHE}differences`
  mkdirSync(folder, { recursive: true })
  const scenario = `difference_${seed}`
  const path = `${folder}/${scenario}.${kvm.host.release}.json`
  const text = formatRecording({
    format: 'kvm-its-golden-1',
    scenario,
    kernel: kvm.host.kernel,
    kernel_version: kvm.host.kernelVersion,
    steps: found.steps,
  })
  writeFileSync(path, text)
  console.log(`\nseed ${seed}, shrunk to ${found.steps.length} steps, the last of which differs: ${path}`)
  tellShort(seed, found)
  console.log(text)
}
