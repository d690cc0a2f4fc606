import { isLoss } from '@vits/core/audit'
import { repairDocument } from '@vits/core/documents'
import type { SavedMachine } from '@vits/core/formats'
import type { InspectOptions } from '@vits/core/inspect'
import type { RepairOptions, RepairPlan, WantedHeads } from '@vits/core/repair'
import { DiskError } from '../disk.ts'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failing, UsageError } from '../failure.ts'
import { withSavedMachine } from '../files/load.ts'
import type { Io } from '../io.ts'
import { packingOf } from '../node/packing.ts'
import { type MoreFiles, type OtherFile, otherFiles } from '../options/files.ts'
import { askingKernel } from '../options/guest-kernel.ts'
import { problemNamed } from '../options/problem-named.ts'
import { type JudgedKernel, judgedKernel, judgedWords } from '../options/profile-named.ts'
import { jsonText, printable, shellWord } from '../printable.ts'
import { fit } from '../render/layout.ts'
import { planText } from '../render/plan-text.ts'
import { changesOf, unwritable, unwrittenText } from '../render/unwritten-text.ts'
import { count } from '../render/words.ts'
import { holding } from '../repair/holding.ts'
import { refuseCopies, refuseInPlace, refuseOutput, refusePipe } from '../repair/refuse-output.ts'
import { type Opened, writeCopy, writeInPlace } from '../repair/write-repaired.ts'
import type { repair } from '../usage/repair.ts'
import type { Run } from '../usage.ts'

interface Options extends MoreFiles {
  readonly guestKernel: boolean
  readonly vgicItsState: readonly string[]
  readonly output: string | undefined
  readonly inPlace: boolean
  readonly force: boolean
  readonly dryRun: boolean
  readonly proven: boolean
  readonly fix: readonly string[]
  readonly yes: boolean
  readonly rebuild: boolean
  readonly seal: boolean
  readonly strict: boolean
  readonly heads: 'keep' | WantedHeads
  readonly kernel: string | undefined
  readonly exitCode: boolean
  readonly json: boolean
}

/** The options, with the kernel that they name found. */
interface Asked extends Options {
  readonly restoring: InspectOptions
  readonly judged: JudgedKernel
  readonly others: readonly OtherFile[]
}

/** Mends a saved VM: plans, proves, writes. */
export const run: Run<typeof repair> = ([file = ''], options: Options, io) => {
  const how = repairOptions(options)
  refuseContradictions(options)
  const judged = judgedKernel(options.kernel, io)
  const restoring = { kernel: judged.profile, ...askingKernel(options.guestKernel) }
  const asked = { ...options, judged, restoring, others: otherFiles(options, [file]) }
  return failing(file, io, () => repairFile(file, how, asked, io))
}

function repairOptions({ fix, yes, rebuild, seal, strict, heads }: Options): RepairOptions {
  const allow = yes ? 'everything' : fix.length > 0 ? new Set(fix.map(problemNamed)) : 'proven'
  return { allow, rebuild, seal, strict, ...(heads === 'keep' ? {} : { heads }) }
}

function refuseContradictions({ output, inPlace, dryRun, proven, fix, yes }: Options): void {
  if (Number(proven) + Number(fix.length > 0) + Number(yes) > 1) throw new UsageError('-p, --fix and -y exclude each other')
  if (output !== undefined && inPlace) throw new UsageError('-o and --in-place exclude each other')
  if (output === undefined && !inPlace && !dryRun)
    throw new UsageError('say where to write: -o FILE, --in-place, or -n to only look')
}

async function repairFile(path: string, how: RepairOptions, options: Asked, io: Io): Promise<ExitBits> {
  const { output, force, inPlace, dryRun } = options
  if (dryRun) return repairOpened(path, how, { ...options, opened: async () => {} }, io)
  if (!inPlace) {
    await refuseOutput(path, { path: output!, force }, io)
    return repairOpened(path, how, { ...options, opened: (machine) => refuseMachine(machine, options, io) }, io)
  }
  const known = (await io.list(path)) === undefined ? [path] : []
  for (const file of known) await refusePipe(file, io)
  return holding(known, io, async (hold) => {
    for (const file of known) await refuseInPlace(file, io)
    const opened = async (machine: SavedMachine) => {
      await refuseMachine(machine, options, io)
      const others = machine.files.map(({ name }) => name).filter((name) => name !== path)
      await hold(others)
      for (const other of others) await refuseInPlace(other, io)
    }
    return repairOpened(path, how, { ...options, opened }, io)
  })
}

/** The options, and what is looked at before the analysis. */
interface Checked extends Asked {
  opened(machine: SavedMachine): Promise<void>
}

async function repairOpened(path: string, how: RepairOptions, options: Checked, io: Io): Promise<ExitBits> {
  const { restoring, judged, others, opened, vgicItsState: debugfs } = options
  return withSavedMachine(path, io, { ...restoring, others, debugfs, opened }, async ({ machine, inspection, identities }) => {
    io.progress?.('planning and proving')
    const plan = planned(() => inspection.plan(how))
    io.progress?.('')
    const say = (text: string) => (options.json ? undefined : io.out(fit(text, io.style)))
    say(planText(path, machine, plan, io.style, judgedWords(judged)))
    const bits = outcome(plan, options)
    const isRepair = changesOf(plan) > 0 && plan.obstacles.length === 0
    const write = !options.dryRun && (isRepair || isCopy(plan, options))
    if (!write || !isRepair) say(unwrittenText(plan, options))
    const written = write ? await writeRepaired({ path, machine, identities }, plan, options, io) : null
    if (options.json) io.out(jsonText({ ...repairDocument(path, plan, written), judged: judged.told }))
    return written === null ? bits.unwritten : bits.written
  })
}

/** Nothing is wrong with the VM: who named an output finds it there all the same, with the same contents. */
const isCopy = (plan: RepairPlan, { output, ...options }: Asked): boolean =>
  output !== undefined && changesOf(plan) === 0 && outcome(plan, options).unwritten === ExitCode.Ok

function planned(plan: () => RepairPlan): RepairPlan {
  try {
    return plan()
  } catch (error) {
    if (error instanceof RangeError) throw new DiskError(`cannot be rebuilt: ${error.message}`)
    throw error
  }
}

function outcome(plan: RepairPlan, { exitCode }: Pick<Options, 'exitCode'>): { written: ExitBits; unwritten: ExitBits } {
  const { itses, obstacles } = plan
  const losses = itses.some(({ lost, lostDevices }) => lost.length + lostDevices.length > 0) ? ExitCode.EventsLost : ExitCode.Ok
  const reports = itses.flatMap(({ before, after }) => [before, after])
  const isUnseen = reports.some(({ gaps }) => gaps.length > 0) || obstacles.some(({ limit }) => limit !== undefined)
  const unseen = isUnseen ? ExitCode.Undecided : ExitCode.Ok
  if (changesOf(plan) > 0 && obstacles.length > 0)
    return { written: ExitCode.Failed, unwritten: ExitCode.Problems | ExitCode.Failed | unseen }
  const left = changesOf(plan) > 0 || reports.some(({ verdict }) => verdict === 'fails' || verdict === 'corrupts')
  const repaired = exitCode && changesOf(plan) > 0 ? ExitCode.Repaired : ExitCode.Ok
  return { written: repaired | losses, unwritten: (left ? ExitCode.Problems : ExitCode.Ok) | unseen }
}

/** Looks, once it is known what it is, whether its files can be written as they are asked for. */
async function refuseMachine(machine: SavedMachine, { output, inPlace }: Options, io: Io): Promise<void> {
  const { writeBack } = machine
  if (writeBack.to === 'nowhere') throw new DiskError(unwritable[writeBack.because])
  if (!inPlace) return refuseCopies(machine, output!, io)
  if (writeBack.to === 'copies')
    throw new DiskError(
      'the file is compressed and cannot be changed in place: use -o, which writes it uncompressed, or as FILE.zst or FILE.gz again',
    )
}

/** Writes the repaired VM and says so; answers the name of the file that holds it. */
async function writeRepaired(opened: Opened, plan: RepairPlan, options: Asked, io: Io): Promise<string> {
  const say = (line: string) => (options.json ? undefined : io.out(fit(`${line}\n`, io.style)))
  if (options.inPlace) {
    const { undo, repaired } = await writeInPlace(opened, plan, io)
    say(`${printable(opened.path)} is repaired. ${printable(undo)} takes it back: vits undo ${shellWord(repaired)}`)
    return opened.path
  }
  const output = options.output!
  const copying = { output, force: options.force, approve: (path: string) => approve(path, options.restoring, io) }
  const bytes = await writeCopy(opened, plan, copying, io)
  const { files, writeBack } = opened.machine
  const size = `${files.length > 1 ? `${files.length} files, ` : ''}${count(bytes, 'byte')}`
  const packing = files.length > 1 ? undefined : packingOf(output)
  const form = packing === undefined ? (writeBack.to === 'copies' ? ', uncompressed' : '') : `, compressed with ${packing.name}`
  say(`${printable(output)} is written and synced: ${size}${form}. It was read back and audited.`)
  return output
}

/** Reads the complete new file as anybody would, and audits it once more. */
async function approve(path: string, restoring: InspectOptions, io: Io): Promise<void> {
  const reports = await withSavedMachine(path, io, { judges: [], ...restoring }, ({ inspection }) => inspection.audit())
  for (const { verdict, findings, gaps } of reports) {
    const harm = findings.find(({ severity, code }) => severity === 'fails' || (severity === 'corrupts' && !isLoss(code)))
    if (verdict === 'fails' || gaps.length > 0 || harm !== undefined)
      throw new DiskError(`the written file does not hold what was planned: ${harm?.says ?? gaps[0]?.says ?? verdict}`)
  }
}
