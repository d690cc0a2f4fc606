import { parseArgs } from 'node:util'
import { type ScopeName, scopes } from '@vits/core/scope'
import { askMany } from '../ask-many.ts'
import { kernelSeries } from '../cache.ts'
import { type ModelOf, modelled, modelsFor, wholeNumber } from '../fuzz/options.ts'
import { fetchedVersions } from '../kernels/fetched.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { withKvms } from '../lab.ts'
import { type PlayedSegment, playSegments } from '../scope/played.ts'
import { type PlayedScopes, Tally, writePlayed } from '../scope/results.ts'
import { batches, type Sampled, sampled } from '../scope/sampled.ts'
import { prologue, type Segment } from '../scope/segments.ts'

/** Machines that boot the same kernel. */
const MACHINES = 2
const PROGRESS_MS = 20_000
const TOLD = 5

/**
 * Histories of scopes on kernels and on the model of each, side by side: those that lead to states from the first to the last, evenly, and what
 * the model saves in a scope's way where that is not the kernel's own. `--states` keeps to the first so many of each scope. Exit code 1 if any
 * answer differs, or a host stops that should not.
 */
export async function scope(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: {
      kernel: { type: 'string', default: '6.12' },
      paths: { type: 'string', default: '1000' },
      states: { type: 'string' },
      keep: { type: 'boolean', default: false },
      ...modelled,
    },
    allowPositionals: true,
  })
  const names = positionals.length > 0 ? positionals : (Object.keys(scopes) as ScopeName[])
  const each = Math.ceil(wholeNumber('--paths', values.paths) / names.length)
  const mostStates = values.states === undefined ? undefined : wholeNumber('--states', values.states)
  const samples = names.map((name) => told(sampled(name, each, mostStates)))
  const modelFor = modelsFor(values)
  let bad = 0
  for (const kernel of kernelsNamed(values.kernel)) {
    const played = await withKvms(kernel, MACHINES, (kvms) => playAll(kvms, modelFor(kvms[0]!.host.release), samples))
    if (values.keep) writePlayed(played)
    bad += played.differing + played.stopped
  }
  return bad === 0 ? 0 : 1
}

const kernelsNamed = (list: string): string[] =>
  list === 'all' ? [...new Set([...kernelSeries, ...fetchedVersions()])] : list.split(',')

function told(sample: Sampled): Sampled {
  const { name, states, histories, saved } = sample
  console.log(
    `${name}: ${histories.length} histories of ${states} states${saved.length > 0 ? `, ${saved.length} saved images` : ''}`,
  )
  return sample
}

interface Batch {
  readonly sample: Sampled
  readonly segments: readonly Segment[]
}

async function playAll(kvms: readonly KvmSubject[], model: ModelOf, samples: readonly Sampled[]): Promise<PlayedScopes> {
  const { host, name } = kvms[0]!
  const start = performance.now()
  const tally = new Tally()
  const timer = setInterval(() => console.log(`  ${tally.line}`), PROGRESS_MS)
  const all = samples.flatMap((sample) => Array.from(batches(sample), (segments): Batch => ({ sample, segments })))
  const died = ({ sample, segments }: Batch) => {
    tally.stopped++
    console.log(`  ${sample.name}: the host dies, and the model does not say so, in one of ${segments.length} histories`)
  }
  try {
    await askMany(kvms, all, (kvm, batch) => playBatch(kvm, model, batch, tally), died)
  } finally {
    clearInterval(timer)
  }
  const seconds = (performance.now() - start) / 1000
  console.log(`${name} and the model of ${model.title}: ${tally.line} (${seconds.toFixed(1)} s)`)
  return tally.result({ release: host.release, build: host.kernelVersion, model: model.title, scopes: samples.length })
}

/** All of a batch: behind a segment that would stop the host, another VM goes on. */
async function playBatch(kvm: KvmSubject, model: ModelOf, { sample, segments }: Batch, tally: Tally): Promise<void> {
  const before = prologue(sample.scope)
  const found: PlayedSegment[] = []
  for (let left = segments; left.length > 0; ) {
    const played = await playSegments(kvm, model.model(), before, left)
    found.push(...played.played)
    left = played.left
  }
  for (const one of found) {
    tally.add(one)
    if (one.difference !== undefined && tally.differing <= TOLD) tell(sample.name, one)
  }
}

function tell(name: string, { segment, difference }: PlayedSegment): void {
  const { step, op, field, recorded, answered } = difference!
  console.log(`  ${name}, ${segment.kind} ${segment.says.join(' · ')}`)
  console.log(`    step ${step}, ${op}: ${field} is ${recorded.slice(0, 300)} for KVM, ${answered.slice(0, 300)} for the model`)
}
