import type { ByteRange, ByteSource } from '@vits/core/formats'
import type { ScopeName } from '@vits/core/scope'
import type { Disk, FileIdentity } from './disk.ts'
import type { Monitor } from './live/monitor.ts'
import type { Lab } from './prove/lab-program.ts'
import type { RemoteShare } from './prove/shared.ts'
import type { Style } from './style.ts'
import type { Turns } from './turns.ts'

/** What stands for standard input where a file is named. */
export const STDIN = '-'

/** What this machine runs. */
export interface HostKernel {
  /** `Linux`. */
  readonly system: string
  /** As `uname -r` prints it. */
  readonly release: string
  /** What /proc/version says, which knows more; where there is none, the release. */
  readonly version: string
  /** `aarch64`. */
  readonly machine: string
}

/** Random-access bytes of an open file. */
export interface OpenFile extends ByteSource {
  /** Of what is no file, as a pipe or a disk: who may read what is made of it. */
  readonly passing?: FileIdentity
  close(): Promise<void>
}

/** Everything a command may touch outside itself; tests pass strings and buffers instead. */
export interface Io {
  open(path: string): Promise<OpenFile>
  /** The names in a folder, sorted; undefined for what is no folder, or not there. */
  list(path: string): Promise<string[] | undefined>
  /** Where a file of the disk was written, if the operating system tells: all else are holes. */
  written(path: string, storedBytes: number): Promise<readonly ByteRange[] | undefined>
  readonly disk: Disk
  /** Lines of a report; of what a terminal obeys, only their ends and the marks of `style` are. No newline is added. */
  out(text: string): void
  /** Lines for people: errors, and what was taken for granted. */
  err(text: string): void
  /** Tells what the work is at, as `reading, 35 %`, for the one line that is shown where it takes long; undefined when nobody watches. */
  readonly progress: ((text: string) => void) | undefined
  readonly style: Style
  /** Bytes that may be kept of a pipe, and of what a compressed file holds, which spares reading and decoding again. */
  readonly keeping: number
  readonly turns: Turns
  /** The page of `vits explore`, with room for a case. */
  reportPage(): Promise<string>
  /** Boots a kernel in the lab; `kernel` is what the lab's `--kernel` names. */
  lab(kernel: string): Promise<Lab>
  /** Starts a thread that has one share of a scope's states, of so many. */
  scopeShare(name: ScopeName, index: number, of: number): RemoteShare
  hostKernel(): HostKernel
  /** Milliseconds of a monotonic clock. */
  now(): number
  /** Seconds of CPU time that this process has taken. */
  cpuSeconds(): number
  /** Connects to the monitor of a VMM. */
  monitor(address: string): Promise<Monitor>
  /** Has `undo` done before a signal ends the program, for what must not be left as it is; what is returned takes that back. */
  onSignal(undo: () => Promise<void>): () => void
}
