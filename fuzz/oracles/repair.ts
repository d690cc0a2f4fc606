import { applyEdits, bytesSource, type Inspection, inspect, open, type RepairOptions, type RepairPlan } from '@vits/core'
import { isLoss } from '@vits/core/audit'
import { repairDocument } from '@vits/core/documents'
import {
  type FileEdits,
  type MachineFile,
  type OpenOptions,
  readUndo,
  reversed,
  type SavedMachine,
  undoFile,
  undoText,
} from '@vits/core/formats'
import { digesting } from '../../cli/src/node/digesting.ts'
import { planText } from '../../cli/src/render/plan-text.ts'
import { style } from '../../cli/src/style.ts'
import { Broken, type Outcome } from '../target.ts'
import { fitsSchema, isPrintable } from './documents.ts'

/** Plans a repair; where it is proven, writes it, opens the result anew and holds it against the plan, and takes it back. */
export async function askRepair(
  inspection: Inspection,
  options: RepairOptions,
  { isKernelAsked, ...how }: OpenOptions & { readonly isKernelAsked: boolean },
): Promise<Outcome> {
  const plan = planned(inspection, options)
  if (plan === undefined) return 'answered'
  isPrintable(planText('vm', inspection.machine, plan, style(false)))
  fitsSchema('repair', repairDocument('vm', plan, null))
  const changes = plan.writes.length + plan.registerWrites.length
  if (changes === 0 || plan.obstacles.length > 0 || inspection.machine.writeBack.to === 'nowhere') return 'answered'
  const repaired = await written(inspection, plan)
  await isAsPlanned(await open(repaired, how), inspection, plan, isKernelAsked)
  return 'repaired'
}

const NOT_WHOLE = /^the history of the command queue is|\([A-Z]\d{3}\)$/

/** A rebuild needs a queue that holds everything, and says so where it does not. */
function planned(inspection: Inspection, options: RepairOptions): RepairPlan | undefined {
  try {
    return inspection.plan(options)
  } catch (error) {
    if (options.rebuild === true && error instanceof RangeError && NOT_WHOLE.test(error.message)) return undefined
    throw error
  }
}

/** Edits of more bytes, as of a case that is written anew, are not taken back each time. */
const MOST_UNDONE = 1 << 14

/** The files with the repair in them. */
async function written(inspection: Inspection, plan: RepairPlan): Promise<readonly MachineFile[]> {
  const changes = await inspection.edits(plan)
  if (changes.length === 0) throw new Broken('a repair changes a file', `${plan.writes.length} words`)
  return Promise.all(
    inspection.machine.files.map(async (file): Promise<MachineFile> => {
      const change = changes.find((each) => each.file === file)
      return { ...file, source: change === undefined ? file.source : bytesSource(await changed(change)) }
    }),
  )
}

/** A file with its edits, which have been taken back in a copy. */
async function changed(change: FileEdits): Promise<Uint8Array> {
  const repaired = await collected(applyEdits(change.file.source, change.edits))
  if (change.edits.reduce((sum, { remove, insert }) => sum + remove + insert.length, 0) < MOST_UNDONE)
    await isTakenBack(change, repaired)
  return repaired
}

/** The undo record of a repair, written and read again, gives the file back. */
async function isTakenBack({ file: { source }, edits }: FileEdits, repaired: Uint8Array): Promise<void> {
  const record = readUndo(undoText({ files: [await undoFile('vm', source, edits, digesting)], words: [] }, digesting), digesting)
  const original = await collected(applyEdits(bytesSource(repaired), reversed(record.files[0]!)))
  if (Buffer.compare(original, await source.slice(0, source.byteLength)) !== 0)
    throw new Broken('an undo record gives the file back', `${edits.length} edits`)
}

/** Not all RAM was searched for the list of the guest's kernel. */
const UNSEARCHED = 'M709'

/** A plan for which the guest's kernel was not asked does not know that one who asks would get no answer. */
async function isAsPlanned(
  repaired: SavedMachine,
  { kernel }: Inspection,
  plan: RepairPlan,
  isKernelAsked: boolean,
): Promise<void> {
  const again = await inspect(repaired, { kernel })
  for (const [i, { verdict, findings, gaps }] of again.audit().entries()) {
    if (!isKernelAsked && verdict === 'undecided' && gaps.every(({ code }) => code === UNSEARCHED)) continue
    const harm = findings.find(({ severity, code }) => severity === 'fails' || (severity === 'corrupts' && !isLoss(code)))
    if (verdict === 'fails' || verdict === 'undecided' || harm !== undefined)
      throw new Broken('what is proven comes back clean', `ITS ${i}: ${verdict}, ${harm?.code} ${harm?.says}`)
    const foretold = plan.itses[i]!.after.verdict
    if (verdict !== foretold) throw new Broken('a repaired file is what the plan said', `ITS ${i}: ${verdict}, not ${foretold}`)
  }
}

async function collected(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece.slice())
  return new Uint8Array(Buffer.concat(all))
}
