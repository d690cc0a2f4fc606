import type { Rc, StepOp } from '@vits/core/conformance'

/** A test that asks whether a claim holds. */
export interface TestEvidence {
  readonly test: string
  /** Words of the full name of one test of that file: the titles of what it stands in, and its own. */
  readonly title: string
  /** Words of the row that is meant, where the test has a table of them. */
  readonly of?: string
}

/** A command line of vits, which is run when the page is printed. */
export interface CommandEvidence {
  readonly command: string
  readonly code: number
  /** What stands in its output; the page prints what matched. */
  readonly prints: RegExp
}

/** An answer of a real kernel, in a recording under fixtures/vectors: all of them are played on the model. */
export interface AnswerEvidence {
  /** The name of the recording, without `.json.zst`. */
  readonly recording: string
  /** Of a file with several. */
  readonly scenario?: string
  /** How `uname -r` begins there, of a file with several. */
  readonly kernel?: string
  /** Words of the note behind which it stands. */
  readonly after?: string
  readonly op: StepOp
  /** What the call answered. */
  readonly rc?: Rc
  /** What else stands in the step, as JSON. */
  readonly holds?: string
}

/** A file, a page that is printed from the code among them, and words in it. */
export interface TextEvidence {
  readonly file: string
  readonly says: string
}

export type Evidence = TestEvidence | CommandEvidence | AnswerEvidence | TextEvidence

/** What became of a claim of the documents, and how one sees it. */
export interface SeedRow {
  /** In our own words. */
  readonly claim: string
  readonly by: readonly Evidence[]
  /**
   * differs: on purpose otherwise than the document says. outside: the model has no such thing. open: not done yet.
   * Without: the claim holds.
   */
  readonly result?: 'differs' | 'outside' | 'open'
  /** Why, and for a claim that holds what it does not say. */
  readonly why?: string
}

export interface SeedDocument {
  readonly title: string
  readonly from: string
  readonly rows: Readonly<Record<number, SeedRow>>
}

/** A test of a room of core or cli, by the path behind `core/src/` or with its workspace. */
export const shownBy = (path: string, title: string, of?: string): TestEvidence => ({
  test: /^(cli|lab|scripts|fuzz)\//.test(path) ? path : `core/src/${path}`,
  title,
  ...(of !== undefined && { of }),
})

export const answered = (recording: string, op: StepOp, of: Omit<AnswerEvidence, 'recording' | 'op'>): AnswerEvidence => ({
  recording,
  op,
  ...of,
})
