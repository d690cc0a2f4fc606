import {
  type EntryView,
  entryFields,
  type Finding,
  hex,
  hexWord,
  type KernelRow,
  problems,
  type Report,
  type SavedMachine,
  type WordWrite,
} from '@vits/core'

/** What `vits check --json` prints: the report, addresses and words as hex strings. */
export function reportJson(
  file: string,
  machine: SavedMachine,
  report: Report,
  kernels: readonly KernelRow[],
): Readonly<Record<string, unknown>> {
  const { state, commands, pending } = report.history
  return {
    schema: 1,
    file,
    format: machine.format,
    machine: machine.machine,
    kernel: report.kernel,
    vcpus: report.vcpus,
    verdict: report.verdict,
    errno: report.errno ?? null,
    stop: report.stop === undefined ? null : { ...report.stop, at: address(report.stop.at) },
    collections: report.collections,
    live: report.live,
    tables: report.tables,
    restored: report.restored,
    lost: report.lost,
    revived: report.revived,
    misdirected: report.misdirected,
    unknown: report.unknown,
    unread: report.unread,
    orphans: report.orphans,
    history: { commands, wrapped: state === 'wrapped', state, pending, told: queueJson(report) },
    findings: report.findings.map(findingJson),
    kernels: kernels.map(kernelJson),
  }
}

/** How many events of the tables the command queue knows, by what it says of them. */
const queueJson = ({ byQueue: { live, deviceLive, dead, unknown } }: Report) => ({ live, deviceLive, dead, untold: unknown })

function findingJson(finding: Finding): Readonly<Record<string, unknown>> {
  const { code, slug, severity, errno, confidence, says, at, deviceId, eventId, icid, evidence, effect, fix } = finding
  const { revived, lost, lostDevices, stop } = effect
  const [word] = finding.entries
  return {
    code,
    slug,
    severity,
    errno: errno ?? null,
    confidence,
    says,
    gpa: address(at),
    word: word === undefined || word.at !== at ? null : hexWord(word.lo, word.hi),
    deviceId: deviceId ?? null,
    eventId: eventId ?? null,
    icid: icid ?? null,
    evidence: evidence.map(({ witness, says, at, against }) => ({ witness, says, gpa: address(at), against: against === true })),
    entries: finding.entries.map(entryJson),
    effect: {
      stop: stop === undefined ? null : { gpa: address(stop.at), place: stop.place, says: stop.says },
      revived: revived.count,
      lost: lost.count,
      lostDevices,
    },
    fix: { says: fix.says, safe: fix.safe, writes: fix.writes.map(writeJson) },
    help: problems[code].help,
  }
}

const address = (at: number | undefined) => (at === undefined ? null : hex(at))

const entryJson = (entry: EntryView) => ({
  gpa: hex(entry.at),
  word: hexWord(entry.lo, entry.hi),
  kind: entry.kind,
  id: entry.id,
  fields: entryFields(entry),
  role: entry.role,
})

const writeJson = ({ at, from, to }: WordWrite) => ({ gpa: hex(at), from: hexWord(...from), to: hexWord(...to) })

const kernelJson = ({
  kernel,
  verdict,
  errno,
  failure,
  lost,
  revived,
  misdirected,
  lostDevices,
  save,
  again,
  hostTrouble,
}: KernelRow) => ({
  kernel,
  verdict,
  errno: errno ?? null,
  failure: failure ?? null,
  lost,
  revived,
  misdirected,
  lostDevices,
  save: save ?? null,
  again: again ?? null,
  hostTrouble,
})
