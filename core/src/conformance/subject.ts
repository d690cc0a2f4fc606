import { answerFields, type Step, type StepAnswer } from './step.ts'

/**
 * Anything that can be asked to behave like KVM's GIC with ITSes: the model, or a KVM in the lab. Steps are played in the order
 * of the calls; a caller need not wait for one answer before it asks the next.
 */
export interface Subject {
  readonly name: string
  play(step: Step): StepAnswer | Promise<StepAnswer>
}

/** What a subject answers to a step that it cannot play; the step is counted, and not compared. */
export const UNSUPPORTED: StepAnswer = Object.freeze({})

/** An answer that is not the one on record. */
export interface Difference {
  /** Index of the step. */
  readonly step: number
  readonly op: string
  readonly field: string
  readonly recorded: string
  readonly answered: string
}

/** Compares an answer with what a step has on record. A field that the recording lacks is not compared. */
export function compareAnswer(index: number, step: Step, answer: StepAnswer): Difference[] {
  return answerFields[step.op].flatMap((field) => {
    const recorded = (step as unknown as StepAnswer)[field]
    if (recorded === undefined) return []
    const [a, b] = [canonical(recorded), canonical(answer[field])]
    return a === b ? [] : [{ step: index, op: step.op, field, recorded: a, answered: b }]
  })
}

/** One spelling for equal answers: numbers without leading zeros, sparse memory byte by byte. */
function canonical(value: unknown): string {
  if (typeof value === 'string') return /^0x[0-9a-f]+$/i.test(value) ? `0x${BigInt(value).toString(16)}` : value
  if (Array.isArray(value)) return value.map(canonical).join(' ')
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value as Record<string, string>)
  if (entries.every(([key]) => key.startsWith('0x'))) return canonicalMemory(entries)
  return entries.map(([key, text]) => `${key}=${canonical(text)}`).join(' ')
}

function canonicalMemory(entries: readonly (readonly [string, string])[]): string {
  const words = new Map<number, string>()
  for (const [offset, bytes] of entries) {
    for (let i = 0; i < bytes.length; i += 16) {
      const word = bytes.slice(i, i + 16).padEnd(16, '0')
      if (!/^0*$/.test(word)) words.set(Number(offset) + i / 2, word)
    }
  }
  return [...words]
    .sort(([a], [b]) => a - b)
    .map(([offset, word]) => `0x${offset.toString(16)}:${word}`)
    .join(' ')
}
