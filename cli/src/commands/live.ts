import { gzipSync } from 'node:zlib'
import { liveDocument } from '@vits/core/documents'
import { type SavedMachine, writeCase } from '@vits/core/formats'
import { type Inspection, inspect } from '@vits/core/inspect'
import { wholePages } from '@vits/core/tables'
import { DiskError, fileOf } from '../disk.ts'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failing, failureLine } from '../failure.ts'
import type { Io } from '../io.ts'
import { type LiveLook, withRunningVm } from '../live/look.ts'
import { PauseOver } from '../live/pause.ts'
import { type JudgedKernel, judgedKernel, judgedWords } from '../options/profile-named.ts'
import { jsonText } from '../printable.ts'
import { kernelLines } from '../render/kernels-text.ts'
import { fit } from '../render/layout.ts'
import { liveLines } from '../render/live-text.ts'
import { reportText } from '../render/report-text.ts'
import { refuseOutput } from '../repair/refuse-output.ts'
import type { live } from '../usage/live.ts'
import type { Run } from '../usage.ts'
import { exitBits, kernelBits } from '../verdict-bits.ts'

interface Options {
  readonly json: boolean
  readonly output: string | undefined
  readonly force: boolean
  readonly maxPause: number
  readonly dir: string | undefined
  readonly strict: boolean
  readonly guestKernel: boolean
}

/** The kernel that would restore it, and whether all are meant. */
interface Restoring {
  readonly judged: JudgedKernel
  readonly all: boolean
}

/** Says of a VM that runs whether a save of it would come back. */
export const run: Run<typeof live> = ([address = ''], { kernel, ...options }, io) => {
  const all = kernel === 'all'
  const judged = judgedKernel(all ? undefined : kernel, io)
  return failing(address, io, () => looked(address, { judged, all }, options, io))
}

async function looked(address: string, restoring: Restoring, options: Options, io: Io): Promise<ExitBits> {
  const { output, force, maxPause, dir: folder } = options
  if (output !== undefined) {
    await refuseOutput(address, { path: output, force }, io)
    if ((await io.list(output)) !== undefined) throw new DiskError(`${output} is a folder: name a file in it`)
  }
  try {
    const { value, look } = await withRunningVm(address, { maxPause, folder }, io, (machine) =>
      taken(machine, restoring, options),
    )
    if (output !== undefined) await write(value, output, force, io)
    return say({ ...value, look, file: output ?? address }, restoring, options, io)
  } catch (error) {
    if (!(error instanceof PauseOver)) throw error
    io.err(`${failureLine(`undecided: ${error.message}`, address)}\n`)
    return ExitCode.Undecided
  }
}

interface Taken {
  readonly machine: SavedMachine
  readonly inspection: Inspection
}

/** All that is read while the VM stands still. What old kernels read behind the tables is the guest's data, and in no case. */
async function taken(machine: SavedMachine, { judged }: Restoring, { output, guestKernel }: Options): Promise<Taken> {
  const asking = { kernel: judged.profile, guestKernel: guestKernel ? 'needed' : 'never' } as const
  const inspection = await inspect(machine, { ...asking, ...(output !== undefined && { judges: [] }) })
  if (output !== undefined) await machine.load(inspection.loaded.memory, wholePages(inspection.memory, inspection.loaded.ranges))
  return { machine, inspection }
}

async function write({ machine, inspection: { loaded } }: Taken, output: string, force: boolean, io: Io): Promise<void> {
  const pages = wholePages(loaded.memory, loaded.ranges)
  const packed = gzipSync(await writeCase(machine, loaded.memory, pages), { level: 9 })
  await io.disk.create(output, fileOf(packed, undefined), { replace: force })
}

interface Said extends Taken {
  readonly look: LiveLook
  readonly file: string
}

function say(
  { machine, inspection, look, file }: Said,
  { judged, all }: Restoring,
  { json, strict, maxPause }: Options,
  io: Io,
): ExitBits {
  const reports = inspection.audit()
  const kernels = inspection.judge()
  const found = { file, machine, reports, kernels }
  if (json) io.out(jsonText({ ...liveDocument(found, { ...look, most: maxPause }), judged: judged.told }))
  else {
    const lines = kernelLines(kernels, judged.profile.id, all, io.style)
    const report = reportText(found, { kernels: lines, rules: false, byHang: false, judged: judgedWords(judged) }, io.style)
    io.out(`${fit(liveLines(look, maxPause, kernels).join('\n'), io.style)}\n\n${report}`)
  }
  return exitBits(reports, strict) | (all ? kernelBits(kernels) : ExitCode.Ok)
}
