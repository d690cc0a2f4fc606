import { parseArgs } from 'node:util'
import type { Difference } from '@vits/core/conformance'
import { kernelSeries } from '../cache.ts'
import { fetchedVersions } from '../kernels/fetched.ts'
import { byVersion, seriesOf } from '../kernels/version.ts'
import { releaseOf } from '../kvm-host.ts'
import { withKvm } from '../lab.ts'
import { differencesOf, type RecordingFile, readRecordings } from '../recording.ts'

/** Differences printed of each recording; one wrong answer often draws many after it. */
const SHOWN = 5
/** Recordings that are sent before the first of them is answered. */
const AHEAD = 4

/**
 * Plays recordings on the kernels they were made on and compares every answer; `--kernel` keeps to one of them, and with a path plays
 * them all there. Of a series, the recordings of its newest release are played. Exit code 1 if any differs.
 */
export async function replay(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args, options: { kernel: { type: 'string' } }, allowPositionals: true })
  const files = readRecordings(positionals.length > 0 ? positionals : ['fixtures/vectors']).filter(isComplete)
  const kernels = values.kernel === undefined ? [...kernelSeries, ...fetchedVersions()] : [values.kernel]
  let differing = 0
  for (const kernel of kernels) {
    const wanted = recordedOn(kernel, files)
    if (wanted.length > 0) differing += await replayOn(kernel, wanted)
    else console.log(`nothing was recorded on Linux ${kernel}`)
  }
  return differing === 0 ? 0 : 1
}

/** The recordings of a release, or of the newest release of a series; all of them for a kernel that is named by its path. */
function recordedOn(kernel: string, files: readonly RecordingFile[]): readonly RecordingFile[] {
  if (kernel.includes('/')) return files
  const releases = files.map(({ recording }) => releaseOf(recording.kernel, recording.kernel_version))
  const isSeries = kernelSeries.some((series) => series === kernel)
  const ofSeries = releases.filter((release) => seriesOf(release) === kernel).sort(byVersion)
  const release = isSeries ? ofSeries.at(-1) : kernel
  return files.filter((_, n) => releases[n] === release)
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
