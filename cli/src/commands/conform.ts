import type { ProfileId } from '@vits/core/abi'
import {
  type Conformance,
  parseRecordings,
  conform as play,
  type RecordedRestore,
  type Recording,
  recordedRestores,
} from '@vits/core/conformance'
import { orderFindingText } from '@vits/core/kvm'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failing, UsageError } from '../failure.ts'
import { readUnpacked } from '../files/read-whole.ts'
import type { Io } from '../io.ts'
import { profileNearest } from '../options/profile-named.ts'
import { jsonText, printable } from '../printable.ts'
import { fit } from '../render/layout.ts'
import type { conform } from '../usage/conform.ts'
import type { Run } from '../usage.ts'

/** What one file came to, or why it could not be played. */
interface Played {
  readonly file: string
  readonly results: readonly Conformance[]
  /** Restores that take their steps in a wrong order, when that was asked for. */
  readonly disordered: readonly (RecordedRestore & { readonly scenario: string })[]
}

/** Plays recorded answers of real KVM against the model. */
export const run: Run<typeof conform> = async (paths, { kernel, order, json }, io) => {
  const profile = kernel === undefined ? undefined : profileNearest(kernel, io).id
  const played: Played[] = []
  let bits: ExitBits = ExitCode.Ok
  const files = (await Promise.all(paths.map((path) => filesOf(path, io)))).flat()
  for (const [i, file] of files.entries()) {
    bits |= await failing(file, io, async () => {
      io.progress?.(`${i + 1} of ${files.length} files`)
      const recordings = await recordingsIn(file, io)
      played.push({ file, results: resultsOf(recordings, profile), disordered: order ? recordings.flatMap(disorderedIn) : [] })
      return ExitCode.Ok
    })
  }
  if (json) io.out(jsonText({ ...document(played), ...(order && { restores: restores(played) }) }))
  else printText(played, io)
  const differs = played.some(({ results }) => results.some(({ differences }) => differences.length > 0))
  const disorder = played.some(({ disordered }) => disordered.length > 0)
  return bits | (differs || disorder ? ExitCode.Problems : ExitCode.Ok)
}

async function filesOf(path: string, io: Io): Promise<string[]> {
  const names = await io.list(path)
  if (names === undefined) return [path]
  const found = names
    .filter((name) => /\.json(\.(zst|gz|bz2|xz|lzo))?$/.test(name))
    .map((name) => `${path.replace(/\/$/, '')}/${name}`)
  if (found.length === 0) throw new UsageError(`${path} holds no recordings (.json, or .json.zst and the like)`)
  return found
}

async function recordingsIn(file: string, io: Io): Promise<Recording[]> {
  const recordings = parse(new TextDecoder().decode(await readUnpacked(file, io)))
  if (recordings.length === 0) throw new RecordingError('no recording: its "format" is not one that vits knows')
  return recordings
}

/** The file is JSON of another kind, or its steps make no sense. */
class RecordingError extends Error {
  override readonly name = 'RecordingError'
}

function parse(json: string): Recording[] {
  try {
    return parseRecordings(json)
  } catch (error) {
    throw new RecordingError(`no recording: ${(error as Error).message}`, { cause: error })
  }
}

function resultsOf(recordings: readonly Recording[], profile: ProfileId | undefined): Conformance[] {
  try {
    return recordings.map((recording) => play(recording, profile))
  } catch (error) {
    throw new RecordingError(`cannot be played: ${(error as Error).message}`, { cause: error })
  }
}

const disorderedIn = (recording: Recording) =>
  recordedRestores(recording)
    .filter(({ findings }) => findings.length > 0)
    .map((restore) => ({ scenario: recording.scenario, ...restore }))

const restores = (played: readonly Played[]) =>
  played.flatMap(({ file, disordered }) => disordered.map((restore) => ({ file, ...restore })))

const count = (played: readonly Pick<Played, 'results'>[], of: (result: Conformance) => number) =>
  played.reduce((sum, { results }) => sum + results.reduce((part, result) => part + of(result), 0), 0)

function document(played: readonly Played[]) {
  const all = played.flatMap(({ file, results }) => results.map((result) => ({ file, ...result })))
  return {
    schema: 1,
    files: played.length,
    outcomes: count(played, ({ outcomes }) => outcomes),
    mismatches: all.flatMap(({ file, scenario, kernel, differences }) =>
      differences.map(({ step, op, what, field, recorded, answered }) => {
        return { file, scenario, kernel, step, op, what, field, expected: recorded, got: answered }
      }),
    ),
    unsupported: all.flatMap(({ file, scenario, unsupported }) => unsupported.map((one) => ({ file, scenario, ...one }))),
  }
}

function printText(played: readonly Played[], { out: print, style }: Io): void {
  const out = (text: string) => print(fit(text, style))
  const { files, outcomes, mismatches, unsupported } = document(played)
  for (const { file, scenario, kernel, step, what, field, expected, got } of mismatches) {
    out(`${style.bold(printable(`${file}: ${scenario}, step ${step}`))} under ${kernel}: ${printable(what)}\n`)
    out(
      `  ${field}: expected ${printable(expected) || 'nothing'}\n  ${' '.repeat(field.length)}  got      ${printable(got) || 'nothing'}\n`,
    )
  }
  for (const { file, scenario, step, its, findings } of restores(played)) {
    out(`${style.bold(printable(`${file}: ${scenario}, step ${step}`))}: the restore of ITS ${its} is out of order\n`)
    for (const finding of findings) out(`  ${orderFindingText(finding)}\n`)
  }
  for (const { file, scenario, step, what } of unsupported)
    out(`${printable(`${file}: ${scenario}, step ${step}: not supported: ${what}`)}\n`)
  const kernels = [...new Set(played.flatMap(({ results }) => results.map(({ kernel }) => kernel)))].sort()
  for (const kernel of kernels) {
    const here = played.map(({ file, results }) => ({ file, results: results.filter((result) => result.kernel === kernel) }))
    const some = here.filter(({ results }) => results.length > 0)
    const [outcomes, mismatches] = [count(some, (one) => one.outcomes), count(some, ({ differences }) => differences.length)]
    out(`${kernel.padEnd(16)} ${some.length} files, ${outcomes} outcomes, ${mismatches} mismatches\n`)
  }
  out(`${files} files, ${outcomes} outcomes, ${mismatches.length} mismatches, ${unsupported.length} steps not supported\n`)
}
