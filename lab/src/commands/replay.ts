import { parseArgs } from 'node:util'
import type { Difference } from '@vits/core/conformance'
import { kernelSeries } from '../cache.ts'
import { withKvm } from '../lab.ts'
import { differencesOf, type RecordingFile, readRecordings } from '../recording.ts'

/** Differences printed of each recording; one wrong answer often draws many after it. */
const SHOWN = 5
/** Recordings that are sent before the first of them is answered. */
const AHEAD = 4

/**
 * Plays recordings on the kernels they were made on and compares every answer; `--kernel` with a series keeps to that one, with
 * a path plays them all there. Exit code 1 if any differs.
 */
export async function replay(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: { kernel: { type: 'string' } }, allowPositionals: true })
  const files = readRecordings(positionals.length > 0 ? positionals : ['fixtures/vectors']).filter(isComplete)
  const { kernel } = values
  let differing = 0
  for (const series of kernel === undefined ? kernelSeries : kernelSeries.filter((known) => known === kernel)) {
    const wanted = files.filter(({ recording }) => recording.kernel.startsWith(`${series}.`))
    if (wanted.length > 0) differing += await replayOn(series, wanted)
  }
  if (kernel !== undefined && !kernelSeries.some((known) => known === kernel)) differing += await replayOn(kernel, files)
  return differing === 0 ? 0 : 1
}

/** A recording of timings leaves out the commands it timed. */
const isComplete = ({ recording }: RecordingFile) => recording.steps.every(({ op }) => op !== 'timing')

function replayOn(kernel: string, files: readonly RecordingFile[]): Promise<number> {
  return withKvm(kernel, async (subject) => {
    const start = performance.now()
    let differing = 0
    let next = 0
    const run = async () => {
      for (let file = files[next++]; file !== undefined; file = files[next++]) {
        const [differences] = await Promise.all([differencesOf(subject, file.recording.steps), subject.clear()])
        if (differences.length === 0) continue
        differing++
        tell(file, differences)
      }
    }
    await Promise.all(Array.from({ length: AHEAD }, run))
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    const steps = files.reduce((sum, { recording }) => sum + recording.steps.length, 0)
    console.log(`${subject.name}: ${files.length} recordings, ${steps} steps, ${differing} recordings differ (${seconds} s)`)
    return differing
  })
}

function tell({ path, recording }: RecordingFile, differences: readonly Difference[]): void {
  console.log(`${path}, ${recording.scenario}: ${differences.length} answers differ`)
  for (const { step, op, field, recorded, answered } of differences.slice(0, SHOWN)) {
    console.log(`  step ${step}, ${op}: ${field} was ${recorded}, is ${answered}`)
  }
}
