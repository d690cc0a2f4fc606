/** What is beside a saved VM of a repair in place: `vits undo` takes it back. */
export interface UndoDocument {
  /** The undo file. */
  readonly file: string
  /**
   * The repair is complete; it ended half-way, and some places of the file are changed and others not; it ended before the first;
   * neither, because the file has changed since or it is another's; or the undo file cannot be read.
   */
  readonly state: 'repaired' | 'interrupted' | 'unchanged' | 'foreign' | 'unreadable'
}
