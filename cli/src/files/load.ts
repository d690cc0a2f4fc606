import { type Inspection, type InspectOptions, inspect, open as openMachine, type SavedMachine } from '@vits/core'
import type { FileIdentity } from '../disk.ts'
import type { Io } from '../io.ts'
import type { OtherFile } from '../options/files.ts'
import { kvmListsIn } from './kvm-lists.ts'
import { openFiles } from './open-files.ts'

/** A saved VM that is open and can be asked. */
export interface Loaded {
  readonly machine: SavedMachine
  readonly inspection: Inspection
  /** What each of the machine's files was when it was opened, by its name; those that are not on the disk are not there, and a pipe is no file. */
  readonly identities: ReadonlyMap<string, FileIdentity>
}

export interface LoadOptions extends InspectOptions {
  /** What debugfs of the host told of the VM. */
  readonly debugfs?: readonly string[]
  /** Files beside the one that is named. */
  readonly others?: readonly OtherFile[]
  /** Looks at the machine before the analysis begins; throwing here spares it. */
  readonly opened?: (machine: SavedMachine) => Promise<void> | undefined
}

/** Opens a saved VM, which is a file or a folder, loads what decides about its interrupts, and hands it to `use`; the file is open that long. */
export async function withSavedMachine<T>(
  path: string,
  io: Io,
  { opened, others = [], debugfs = [], ...options }: LoadOptions,
  use: (loaded: Loaded) => T | Promise<T>,
): Promise<T> {
  const kvmLists = await kvmListsIn(debugfs, io)
  const open = await openFiles(path, others, io)
  try {
    const percent = (of: string) => (done: number, total: number) => io.progress?.(`${of} ${Math.floor((100 * done) / total)} %`)
    const { guestKernel } = options
    const machine = await openMachine(open.files, {
      progress: percent('reading,'),
      keeping: io.keeping,
      ...(guestKernel && { guestKernel }),
    })
    io.turns.opened()
    io.progress?.('')
    await opened?.(machine)
    const searched = percent("searching RAM for the guest kernel's list,")
    const inspection = await inspect(machine, { ...options, ...(kvmLists && { kvmLists }), progress: searched })
    io.progress?.('')
    return await use({ machine, identities: open.identities, inspection })
  } finally {
    await open.close()
  }
}
