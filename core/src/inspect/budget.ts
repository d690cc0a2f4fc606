/** How much of a saved VM may be read, in bytes of guest RAM. What is beyond is not looked at, and the reports say so. */
export interface ReadingBudget {
  /** Tables, ITTs, the command queues, the LPI tables and what of virtqueues tells of interrupts, together: more are no sane guest's. */
  readonly tables: number
  /** ITTs of one ITS that its command queue names and its tables do not, which a rebuild writes: part of `tables`. */
  readonly queueItts: number
  /** How far behind its tables a kernel is followed that runs past them. */
  readonly overruns: number
  /** RAM that is searched for the guest kernel's own list when the command queue does not tell everything. */
  readonly searched: number
  /** What is read of the kernel's structures when they are found. */
  readonly structures: number
}

export const defaultReading: ReadingBudget = {
  tables: 2 ** 30,
  queueItts: 2 ** 28,
  overruns: 2 ** 28,
  searched: 2 ** 32,
  structures: 2 ** 28,
}
