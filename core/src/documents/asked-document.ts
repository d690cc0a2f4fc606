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

/** Of what `vits check` is the answer: --resume asks again when any of this is another. */
export interface AskedDocument {
  /** The vits that answered. */
  readonly version: string
  /** What of the command line the answer depends on: `--kernel=linux-5.10`, `--strict`. */
  readonly options: readonly string[]
  /** The files of the VM as they were; none where it was no file, or none could be opened. */
  readonly files: readonly AskedFileDocument[]
  /** What the file adds to the exit status. */
  readonly exit: number
}

/** A file as it was when it was opened. */
export interface AskedFileDocument {
  readonly name: string
  readonly bytes: number
  /** UTC, to the nanosecond. */
  readonly modified: string
}

/** What `vits check --json` prints of a file of which there is no verdict, so that every file has its document. */
export interface UnreadDocument {
  /** Version of this document: that of `CheckDocument`. */
  readonly schema: 1
  /** The file, as it was named. */
  readonly file: string
  /** `undecided` where a limit ended the work on a VM that could be opened; null where the file could not be read, or is not what is read. */
  readonly verdict: 'undecided' | null
  readonly error: ErrorDocument
  readonly asked?: AskedDocument
}

/** Why there is no verdict. */
export interface ErrorDocument {
  readonly says: string
  /** What the operating system answered: `ENOENT`. */
  readonly errno: string | null
  /** The byte of the file that is not as it should be. */
  readonly offset: number | null
}
