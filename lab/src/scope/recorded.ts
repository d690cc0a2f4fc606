import { writeFileSync } from 'node:fs'
import type { Recording } from '@vits/core/conformance'
import { answered } from '../fuzz/answered.ts'
import type { ModelOf } from '../fuzz/options.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { formatRecording } from '../recording.ts'
import { type Counterexample, stepsOf } from './counterexamples.ts'

/** Asks a kernel each counterexample alone in a VM, up to where the model of it says that its host stops, and writes what it answers as recordings: `scope.RELEASE.json`. */
export async function recordCounterexamples(
  kvm: KvmSubject,
  model: ModelOf,
  all: readonly Counterexample[],
  folder: string,
): Promise<void> {
  const { release, kernel, kernelVersion } = kvm.host
  const texts: string[] = []
  for (const one of all) {
    const steps = await answered(kvm, stepsOf(one, model.model()))
    const recording: Recording = {
      format: 'kvm-its-golden-1',
      scenario: `scope ${one.name}`,
      kernel,
      kernel_version: kernelVersion,
      steps,
    }
    texts.push(formatRecording(recording))
  }
  const path = `${folder}/scope.${release}.json`
  writeFileSync(path, `[\n${texts.join(',\n')}]\n`)
  console.log(`${path}: ${all.length} counterexamples`)
}
