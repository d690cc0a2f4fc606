import type { Io } from '../io.ts'
import { openLab } from '../prove/lab-program.ts'
import { nodeDisk } from './disk.ts'
import { listFolder } from './list-folder.ts'
import { openFile } from './open-file.ts'

/** The files, the disk and the clock of this machine, for a thread that says what it says in its own way. */
export const nodeIo = (said: Pick<Io, 'out' | 'err' | 'progress' | 'style' | 'turns'>): Io => ({
  ...said,
  open: openFile,
  list: listFolder,
  disk: nodeDisk,
  lab: openLab,
  now: () => performance.now(),
})
