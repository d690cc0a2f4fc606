import { readdirSync, readFileSync, statSync } from 'node:fs'
import {
  compareAnswer,
  type Difference,
  parseRecordings,
  type Recording,
  type Step,
  type StepAnswer,
  type Subject,
} from '@vits/core/conformance'
import { decompress } from 'fzstd'

/** A recording and the file it came from. */
export interface RecordingFile {
  readonly path: string
  readonly recording: Recording
}

/** Reads the recordings of steps in files and folders, and passes by files of other formats. */
export function readRecordings(paths: readonly string[]): RecordingFile[] {
  const files = paths.flatMap((path) => (statSync(path).isDirectory() ? jsonFilesOf(path) : [path]))
  return files.flatMap((path) => {
    return parseRecordings(readText(path)).map((recording) => ({ path, recording }))
  })
}

const jsonFilesOf = (folder: string) =>
  readdirSync(folder)
    .filter((name) => /\.json(\.zst)?$/.test(name))
    .sort()
    .map((name) => `${folder}/${name}`)

const readText = (path: string) => {
  const bytes = readFileSync(path)
  return new TextDecoder().decode(path.endsWith('.zst') ? decompress(bytes) : bytes)
}

/** Asks a subject all steps, in order, and waits for its answers. */
export function playAll(subject: Subject, steps: readonly Step[]): Promise<StepAnswer[]> {
  return Promise.all(steps.map((step) => subject.play(step)))
}

/** Plays a recording and compares every answer on record. */
export async function differencesOf(subject: Subject, steps: readonly Step[]): Promise<Difference[]> {
  const answers = await playAll(subject, steps)
  return steps.flatMap((step, index) => compareAnswer(index, step, answers[index]!))
}

/** A recording as it is kept: one step a line, small and easy to compare. */
export function formatRecording(recording: Recording): string {
  const { steps, ...head } = recording
  return `${JSON.stringify(head).slice(0, -1)},"steps":[\n${steps.map((step) => JSON.stringify(step)).join(',\n')}\n]}\n`
}
