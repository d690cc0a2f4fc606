import type { CheckedDocument } from '@vits/core/documents'
import type { Style } from '../style.ts'

/** What is known of a run before its first file. */
export interface Run {
  /** How they are called, in their order. */
  readonly files: readonly string[]
  readonly passedOver: number
  readonly version: string
  /** The report of each file is wanted too. */
  readonly verbose: boolean
  readonly style: Style
}

/** One file: its document, and its report for people where that is wanted. */
export interface Answer {
  readonly document: CheckedDocument
  readonly report: string
}

/** Prints the answers of a run in their order. What is to stand before the first is printed with it, or with the end of none. */
export interface Printer {
  answer(answer: Answer): string
  end(): string
}
