import { type AskedDocument, checkDocument } from '@vits/core/documents'
import type { SavedMachine } from '@vits/core/formats'
import { type Answering, decidingOptions, unreadDocument } from '../check/answer.ts'
import type { FileIdentity } from '../disk.ts'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failing, failureLine, reason, UsageError } from '../failure.ts'
import { type Loaded, withSavedMachine } from '../files/load.ts'
import type { Io } from '../io.ts'
import { type OtherFile, otherFiles, otherWords } from '../options/files.ts'
import { askingKernel } from '../options/guest-kernel.ts'
import { type JudgedKernel, judgedKernel, judgedWords } from '../options/profile-named.ts'
import { shellWord } from '../printable.ts'
import { kernelLines } from '../render/kernels-text.ts'
import { reportText } from '../render/report-text.ts'
import { undoBeside, undoWords } from '../repair/undo-beside.ts'
import type { check } from '../usage/check.ts'
import type { Run } from '../usage.ts'
import { exitBits, kernelBits } from '../verdict-bits.ts'

/** What was asked for on the command line, and what is wanted of each file. */
type Options = Parameters<Run<typeof check>>[1] & { readonly answer: Answering }

/** Says whether the interrupts of saved VMs will come back: each file has its turn, and is told of as it is wanted. Never writes. */
export async function run(files: readonly string[], options: Options, io: Io): Promise<ExitBits> {
  const others = otherFiles(options, files)
  if (options.vgicItsState.length > 0 && files.length > 1) throw new UsageError('--vgic-its-state tells of one VM: name one')
  const { kernel } = options
  const judged = judgedKernel(kernel === 'all' ? undefined : kernel, io)
  let bits: ExitBits = ExitCode.Ok
  for (const [i, file] of files.entries()) {
    const beside = (options.answer.beside?.[i] ?? []).map((path): OtherFile => ({ path, part: 'found' }))
    bits |= await failing(file, io, () => checkFile({ file, judged, others: [...others, ...beside] }, options, io))
  }
  return bits
}

interface File {
  readonly file: string
  readonly judged: JudgedKernel
  readonly others: readonly OtherFile[]
}

async function checkFile({ file, judged, others }: File, options: Options, io: Io): Promise<ExitBits> {
  const { vgicItsState: debugfs, guestKernel } = options
  try {
    return await withSavedMachine(file, io, { others, debugfs, kernel: judged.profile, ...askingKernel(guestKernel) }, (loaded) =>
      tell(file, loaded, { ...options, judged }, io),
    )
  } catch (error) {
    if (error instanceof UsageError) throw error
    const there = await io.disk.identity(file).catch(() => undefined)
    const asked = askedOf(options, ExitCode.Failed, [[file, there]], io)
    io.err(`${failureLine(error, file)}\n`)
    io.turns.found(unreadDocument({ file, says: reason(error), isOpen: false, error, asked }))
    return ExitCode.Failed
  }
}

async function tell(
  file: string,
  { machine, inspection, identities }: Loaded,
  options: Options & { readonly judged: JudgedKernel },
  io: Io,
): Promise<ExitBits> {
  const { answer, whyHang: byHang, verbose, strict, judged } = options
  const all = options.kernel === 'all'
  io.progress?.('auditing')
  const reports = inspection.audit()
  io.progress?.('restoring it on every kernel')
  const kernels = inspection.judge()
  io.progress?.('')
  const found = { file, machine, reports, kernels }
  const undo = await undoBeside({ files: machine.files, identities }, io)
  const bits = exitBits(reports, strict) | (all ? kernelBits(kernels) : ExitCode.Ok)
  if (answer.report) {
    const lines = kernelLines(kernels, judged.profile.id, all, io.style)
    const more = otherWords(options)
    io.out(reportText(found, { kernels: lines, rules: verbose, byHang, judged: judgedWords(judged), more }, io.style))
    if (undo !== undefined) io.out(`\n${undoWords(undo, `vits undo ${shellWord(file)}`)}\n`)
  }
  if (answer.document) {
    const asked = askedOf(options, bits, identitiesOf(machine, identities), io)
    io.turns.found({ ...checkDocument(found, byHang), judged: judged.told, undo: undo ?? null, asked })
  }
  return bits
}

type Named = readonly (readonly [name: string, identity: FileIdentity | undefined])[]

const identitiesOf = ({ files }: SavedMachine, identities: ReadonlyMap<string, FileIdentity>): Named =>
  files.map(({ name }) => [name, identities.get(name)])

/** What the answer depends on. */
function askedOf(options: Options, exit: ExitBits, files: Named, io: Io): AskedDocument {
  const { version } = options.answer
  const known = files.flatMap(([name, identity]) =>
    identity?.isFile === true && identity.modified !== undefined
      ? [{ name, bytes: identity.bytes, modified: identity.modified }]
      : [],
  )
  return { version, options: decidingOptions(options, io), files: known, exit }
}
