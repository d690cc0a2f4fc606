/** One thing that a kernel answers otherwise than expected. */
export interface KernelDifference {
  /** What it is about, in a few words. */
  readonly title: string
  /** What was asked, as short as it was found, on one line. */
  readonly history: string
  readonly expected: string
  readonly got: string
  /** The functions of KVM in which such things are decided, where that is known. */
  readonly decidedIn?: string
  /** Where the history is kept with the kernel's answers, for `npm run lab -- replay`. */
  readonly recording?: string
}

/** What came of one kind of question. */
export interface Part {
  readonly name: string
  /** How much was asked: `57 scenarios, 300 random histories`. */
  readonly asked: string
  readonly seconds: number
  readonly differences: readonly KernelDifference[]
  /** Differences that are only counted. */
  readonly untold: number
}

/** Differences of one part that are told; the others are counted. */
export const TOLD = 6
