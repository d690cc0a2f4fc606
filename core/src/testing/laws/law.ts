import type { Question } from './question.ts'

/** What comes of asking a law of one saved VM: a word to count it by, and what contradicts the law. */
export interface LawAnswer {
  readonly outcome: string
  readonly contradictions: readonly string[]
}

/** Something that must hold of every saved VM. */
export interface Law {
  readonly claim: string
  readonly ask: (question: Question) => readonly LawAnswer[]
}
