import type { ExitBits } from './exit-code.ts'

/** Hears which file the work is at. A command that takes several files gives each of them its turn, one after the other. */
export interface Turns {
  /** False when the file has had its turn before: this is the rest of a job that was stopped. */
  begin(file: string): boolean
  /** The file of this turn is a saved VM, and its RAM can be read. */
  opened(): void
  end(bits: ExitBits): void
}

/** Nobody stops the work or wants to know. */
export const allTurns: Turns = { begin: () => true, opened: () => {}, end: () => {} }
