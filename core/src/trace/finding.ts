import { errnos } from '../memory/index.ts'

/** What a VMM does wrong when it saves or restores a VM, as a trace shows it. */
export interface TraceFinding {
  /** `restore-tables-before-its-ctlr`: what ought to come before what; or a rule of a save. */
  readonly rule: string
  /** File descriptor of the ITS; undefined for what concerns them all. */
  readonly its: number | undefined
  /** The line where it shows; undefined for what is missing everywhere. */
  readonly line: number | undefined
  readonly says: string
  /** No call fails: interrupts are missing, and nothing says so. */
  readonly silent: boolean
  /** The VMM that got it wrong, where one is known. */
  readonly taughtBy: string | undefined
}

/** The name of what an ioctl returned, a negative errno; its number where it has none here. */
export function errnoOf(ret: number): string {
  const known = Object.entries(errnos).find(([, number]) => number === -ret)
  return known?.[0] ?? `errno ${-ret}`
}
