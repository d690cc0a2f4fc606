import { ModelSubject } from '@vits/core/conformance'
import type { HostKernel, Io } from '../io.ts'
import { monitorHere } from '../live/monitor.ts'
import { nodeDisk } from '../node/disk.ts'
import { listFolder } from '../node/list-folder.ts'
import { openFile } from '../node/open-file.ts'
import { lines } from '../printable.ts'
import { run } from '../program.ts'
import { shareHere } from '../prove/shared.ts'
import { marksOf, style } from '../style.ts'
import { allTurns } from '../turns.ts'
import { performHere } from './perform-here.ts'

/** What a command line printed and answered. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A lab without a kernel: the model of Linux 6.12.117 answers. */
export const modelLab: Io['lab'] = async () => {
  const model = new ModelSubject('linux-6.12.117')
  return { release: '6.12.117', play: async (steps) => steps.map((step) => model.play(step)), close: () => {} }
}

const debian12: HostKernel = {
  system: 'Linux',
  release: '6.1.0-28-arm64',
  version: 'Linux version 6.1.0-28-arm64 (debian-kernel@lists.debian.org) #1 SMP Debian 6.1.119-1 (2024-11-22)',
  machine: 'aarch64',
}

/** So wide that no line is folded, however long the path of a fixture. */
const UNFOLDED = 2000

/** Runs a command line in this process; `files` stand in for files of the disk of the same name. */
export async function vits(
  args: readonly string[],
  files: Readonly<Record<string, Uint8Array>> = {},
  others: Partial<Io> = {},
): Promise<Ran> {
  const look = others.style ?? style(false, UNFOLDED)
  const marks = marksOf(look)
  let out = ''
  let err = ''
  const io: Io = {
    open: async (path) => {
      const bytes = files[path]
      if (bytes === undefined) return openFile(path)
      return { byteLength: bytes.length, slice: async (start, end) => bytes.slice(start, end), close: async () => {} }
    },
    list: async (path) => {
      const names = Object.keys(files).filter((name) => name.startsWith(`${path}/`))
      if (names.length > 0) return names.map((name) => name.slice(path.length + 1))
      return files[path] === undefined ? listFolder(path) : undefined
    },
    written: async () => undefined,
    disk: nodeDisk,
    out: (text) => {
      out += lines(text, marks)
    },
    err: (text) => {
      err += lines(text)
    },
    progress: undefined,
    keeping: 2 ** 27,
    style: look,
    turns: allTurns,
    reportPage: async () => '<html><!-- cases --></html>',
    lab: modelLab,
    scopeShare: shareHere,
    hostKernel: () => debian12,
    now: () => 0,
    cpuSeconds: () => 0,
    monitor: monitorHere,
    onSignal: () => () => {},
    ...others,
  }
  const code = await run(args, io, { version: '0.0.0', perform: (job) => performHere(job, io, '0.0.0') })
  return { code, out, err }
}
