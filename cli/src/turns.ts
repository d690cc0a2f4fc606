import type { ExitBits } from './exit-code.ts'

/** Hears which file the work is at. A command that takes several files gives each of them its turn, one after the other. */
export interface Turns {
  /** False when the file is another thread's, or has had its turn before. */
  begin(file: string): boolean
  /** The file of this turn is a saved VM, and its RAM can be read. */
  opened(): void
  /** What was found of the file, as plain data, for whoever puts the answers together. */
  found(document: unknown): void
  end(bits: ExitBits): void
}

/** Nobody stops the work or wants to know. */
export const allTurns: Turns = { begin: () => true, opened: () => {}, found: () => {}, end: () => {} }

/** What came of a file's turn. */
export interface Turn {
  readonly file: string
  /** Which of the files it is. */
  readonly index: number
  readonly bits: ExitBits
  /** What was said meanwhile, to be shown or not. */
  readonly out: string
  readonly err: string
  /** What was found; undefined where the turn came to no end. */
  readonly document: unknown
  /** Why the turn came to no end, and whether the file was known to be a saved VM by then. */
  readonly gaveUp?: { readonly says: string; readonly isOpen: boolean }
}
