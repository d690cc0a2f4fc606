import { parseArgs } from 'node:util'
import { type ScopeName, scopes } from '@vits/core/scope'
import { NotBooted } from '../agent.ts'
import { askMany } from '../ask-many.ts'
import { kernelSeries } from '../cache.ts'
import { type ModelOf, modelled, modelsFor, wholeNumber } from '../fuzz/options.ts'
import { fetchedVersions } from '../kernels/fetched.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { withKvm, withKvms } from '../lab.ts'
import { counterexamples, segmentOf } from '../scope/counterexamples.ts'
import { type PlayedSegment, playSegments } from '../scope/played.ts'
import { recordCounterexamples } from '../scope/recorded.ts'
import { Played, type PlayedKernel, writePlayed } from '../scope/results.ts'
import { batches, type Sampled, sampled } from '../scope/sampled.ts'
import { prologue, type Segment } from '../scope/segments.ts'

/** Machines that boot the same kernel. */
const MACHINES = 2
const BOOTS = 4
const PROGRESS_MS = 20_000
const TOLD = 5

/**
 * Histories of scopes on kernels and on the model of each, side by side: those that lead to states from the first to the last, evenly, and what
 * the model saves in a scope's way where that is not the kernel's own. `--states` keeps to the first so many of each scope, and
 * `--paths 0` to the counterexamples. Exit code 1 if any
 * answer differs, or a host stops that should not. `--keep` adds what came of it to fixtures/scope/kernels.json; `--record FOLDER` plays nothing but the
 * counterexamples that are on record there, and writes the answers as recordings.
 */
export async function scope(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: {
      kernel: { type: 'string', default: '6.12' },
      paths: { type: 'string', default: '1000' },
      states: { type: 'string' },
      keep: { type: 'boolean', default: false },
      record: { type: 'string' },
      ...modelled,
    },
    allowPositionals: true,
  })
  const names = positionals.length > 0 ? positionals : (Object.keys(scopes) as ScopeName[])
  const modelFor = modelsFor(values)
  if (values.record !== undefined) return recordOn(kernelsNamed(values.kernel), modelFor, names, values.record)
  const each = Math.ceil(wholeNumber('--paths', values.paths) / names.length)
  const mostStates = values.states === undefined ? undefined : wholeNumber('--states', values.states)
  const samples = names.map((name) => told(sampled(name, each, mostStates)))
  const asked = new Set<string>()
  let bad = 0
  for (const kernel of kernelsNamed(values.kernel)) {
    const played = await booted(kernel, async (kvms) => {
      const { release } = kvms[0]!.host
      if (asked.has(release)) return undefined
      asked.add(release)
      return playAll(kvms, modelFor(release), samples)
    })
    if (played === undefined) continue
    if (values.keep) writePlayed(played)
    for (const { differing, stopped } of Object.values(played.scopes)) bad += differing + stopped
  }
  return bad === 0 ? 0 : 1
}

/** On a machine that has much to do a boot may fail that goes well a minute later: it is tried again. */
async function booted<T>(kernel: string, body: (kvms: readonly KvmSubject[]) => Promise<T>): Promise<T> {
  for (let left = BOOTS; ; ) {
    try {
      return await withKvms(kernel, MACHINES, body)
    } catch (error) {
      if (!(error instanceof NotBooted) || --left === 0) throw error
      console.log(`  ${error.message}: once more`)
    }
  }
}

async function recordOn(
  kernels: readonly string[],
  modelFor: ReturnType<typeof modelsFor>,
  names: readonly string[],
  folder: string,
): Promise<number> {
  const all = counterexamples(names)
  for (const kernel of kernels) {
    await withKvm(kernel, (kvm) => recordCounterexamples(kvm, modelFor(kvm.host.release), all, folder))
  }
  return 0
}

/** `all`: what setup has fetched; a kernel that is there twice is asked once. */
const kernelsNamed = (list: string): string[] => (list === 'all' ? [...fetchedVersions(), ...kernelSeries] : list.split(','))

function told(sample: Sampled): Sampled {
  const { name, states, histories, saved } = sample
  if (states > 0)
    console.log(
      `${name}: ${histories.length} histories of ${states} states${saved.length > 0 ? `, ${saved.length} saved images` : ''}`,
    )
  return sample
}

interface Batch {
  readonly sample: Sampled
  readonly segments: readonly Segment[]
}

async function playAll(kvms: readonly KvmSubject[], model: ModelOf, samples: readonly Sampled[]): Promise<PlayedKernel> {
  const { host, name } = kvms[0]!
  const start = performance.now()
  const played = new Played(samples.map((sample) => sample.name))
  const timer = setInterval(() => console.log(`  ${played.line}`), PROGRESS_MS)
  const died = ({ sample, segments }: Batch) => {
    played.of(sample.name).stopped++
    console.log(`  ${sample.name}: the host dies, and the model does not say so, in one of ${segments.length}`)
  }
  try {
    await askMany(kvms, samples.flatMap(batchesOf), (kvm, batch) => playBatch(kvm, model, batch, played), died)
  } finally {
    clearInterval(timer)
  }
  const seconds = (performance.now() - start) / 1000
  console.log(`${name} and the model of ${model.title}: ${played.line} (${seconds.toFixed(1)} s)`)
  return played.result({ release: host.release, build: host.kernelVersion, model: model.title })
}

function batchesOf(sample: Sampled): Batch[] {
  const alone = counterexamples([sample.name]).map((one) => [segmentOf(one)])
  return [...batches(sample), ...alone].map((segments) => ({ sample, segments }))
}

/** All of a batch: behind a segment that would stop the host, another VM goes on. */
async function playBatch(kvm: KvmSubject, model: ModelOf, { sample, segments }: Batch, played: Played): Promise<void> {
  const before = prologue(segments[0]!.scope)
  const found: PlayedSegment[] = []
  for (let left = segments; left.length > 0; ) {
    const part = await playSegments(kvm, model.model(), before, left)
    found.push(...part.played)
    left = part.left
  }
  for (const one of found) {
    played.add(sample.name, one)
    if (one.difference !== undefined && played.of(sample.name).differing <= TOLD) tell(sample.name, one)
  }
}

function tell(name: string, { segment, difference }: PlayedSegment): void {
  const { step, op, field, recorded, answered } = difference!
  console.log(`  ${name}, ${segment.kind} ${segment.says.join(' · ')}`)
  console.log(`    step ${step}, ${op}: ${field} is ${recorded.slice(0, 300)} for KVM, ${answered.slice(0, 300)} for the model`)
}
