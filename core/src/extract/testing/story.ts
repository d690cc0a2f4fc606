import type { ProfileId } from '../../abi/index.ts'
import type { Finding, KernelRow, Report, RestoreStop } from '../../audit/index.ts'
import type { SavedMachine } from '../../formats/index.ts'
import { type Inspection, inspect } from '../../inspect/index.ts'
import type { Gpa, ReadonlyMemory } from '../../memory/index.ts'

/**
 * What is said of a saved machine, but for the numbers in words that are no entries: what each of `kernels` does to it and what is found
 * then, and how every kernel judges it.
 */
export async function story(machine: SavedMachine, kernels: readonly ProfileId[]) {
  const inspection = await inspect(machine, { guestKernel: 'never' })
  return {
    judged: inspection.judge().map(rowOf),
    told: kernels.map((kernel) => reportsOf(inspection.restoredBy(kernel))),
  }
}

function rowOf({ failure, ...rest }: KernelRow) {
  return { ...rest, fails: failure === undefined ? undefined : Object.keys(failure) }
}

const reportsOf = (inspection: Inspection) => inspection.audit().map((report) => reportOf(report, inspection.memory))

function reportOf({ names: _, findings, stop, harmed, looks, ...rest }: Report, memory: ReadonlyMemory) {
  return { ...rest, stop: stop && stopOf(stop, memory), findings: findings.map((one) => findingOf(one, memory)), harmed, looks }
}

/** An address outside RAM may be one that lay in a word that is no entry. */
function stopOf({ at, ...rest }: Pick<RestoreStop, 'at' | 'place'>, memory: ReadonlyMemory) {
  return { ...rest, at: at !== undefined && memory.contains(at as Gpa) ? at : undefined }
}

function findingOf({ says: _, icid, fix, evidence, effect, entries, ...rest }: Finding, memory: ReadonlyMemory) {
  const { stop, ...measured } = effect
  return {
    ...rest,
    // Of an event it is what its word holds.
    ...(rest.eventId === undefined && { icid }),
    entries: entries.map(({ kind, at, role }) => ({ kind, at, role })),
    effect: { ...measured, stop: stop && stopOf({ ...stop }, memory) },
    evidence: evidence.map(({ rule, against }) => ({ rule, against })),
    fix: { safe: fix.safe, writes: fix.writes.map(({ at }) => at) },
  }
}
