import { readFileSync } from 'node:fs'
import { parseRecordings, type Recording, type Step } from '@vits/core/conformance'
import { decompress } from 'fzstd'
import type { AnswerEvidence } from './seed-row.ts'

const read = new Map<string, readonly Recording[]>()

export const recordingPath = (name: string) => `fixtures/vectors/${name}.json.zst`

/** The first step of each recording that evidence may mean. */
export function answersThatShow({ recording, scenario = '', kernel = '', ...step }: AnswerEvidence): readonly Step[] {
  if (!read.has(recording)) {
    read.set(recording, parseRecordings(new TextDecoder().decode(decompress(readFileSync(recordingPath(recording))))))
  }
  return read
    .get(recording)!
    .filter((one) => one.scenario.startsWith(scenario) && one.kernel.startsWith(kernel))
    .flatMap(({ steps }) => stepIn(steps, step) ?? [])
}

/** Behind a note: up to the next one. */
function stepIn(steps: readonly Step[], { after, op, rc, holds = '' }: Omit<AnswerEvidence, 'recording'>): Step | undefined {
  const from = after === undefined ? 0 : steps.findIndex((step) => step.op === 'note' && step.text.includes(after)) + 1
  if (after !== undefined && from === 0) return undefined
  const behind = steps.slice(from)
  const next = after === undefined ? -1 : behind.findIndex((step) => step.op === 'note')
  return (next < 0 ? behind : behind.slice(0, next)).find(
    (step) => step.op === op && (rc === undefined || ('rc' in step && step.rc === rc)) && JSON.stringify(step).includes(holds),
  )
}
