/** An ITS that is measured, in a guest of some shape. `words` is guest RAM from its beginning. */
export interface Subject {
  readonly words: Int32Array
  readonly creadr: number
  /** How many events are mapped. */
  readonly events: number
  /** Nothing is mapped any more, nothing is pending, and the registers are set but for GITS_CTLR. */
  reset(): void
  enable(): void
  writeCwriter(offset: number): void
  /** 1 when the LPI is pending now. */
  signal(deviceId: number, eventId: number): number
  /** False when it fails, as the next. */
  save(hasHeads: boolean): boolean
  /** Into an ITS that was just reset. */
  restore(hasHeads: boolean): boolean
}
