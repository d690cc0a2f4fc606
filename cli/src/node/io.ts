import type { Io } from '../io.ts'
import { shareThread } from '../prove/share-thread.ts'
import { nodeDisk } from './disk.ts'
import { hostKernel } from './host-kernel.ts'
import { listFolder } from './list-folder.ts'
import { onSignal } from './on-signal.ts'
import { openFile } from './open-file.ts'
import { reportPage } from './report-page.ts'
import { KEPT_BYTES } from './spool.ts'
import { writtenRanges } from './written.ts'

/** The files, the disk and the clock of this machine, for a thread that says what it says in its own way. */
export const nodeIo = (said: Pick<Io, 'out' | 'err' | 'progress' | 'style' | 'turns'>, keeping = KEPT_BYTES): Io => ({
  ...said,
  keeping,
  open: (path) => openFile(path, keeping),
  list: listFolder,
  written: (path, storedBytes) => writtenRanges(path, storedBytes),
  disk: nodeDisk,
  reportPage,
  lab: async (kernel) => (await import('../prove/lab-program.ts')).openLab(kernel),
  scopeShare: shareThread,
  hostKernel,
  now: () => performance.now(),
  cpuSeconds,
  monitor: async (address) => (await import('../live/monitor-thread.ts')).monitorThread(address),
  onSignal: (undo) => onSignal(undo, said.err),
})

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
