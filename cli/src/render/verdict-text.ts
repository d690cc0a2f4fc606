import { type Finding, type Report, unseenWords, worst } from '@vits/core/audit'
import type { Origin, SavedMachine, WriteBack } from '@vits/core/formats'
import { STDIN } from '../io.ts'
import { shellWord } from '../printable.ts'
import type { Style } from '../style.ts'
import { isQuiet } from './finding-text.ts'
import { hintLines } from './shell-lines.ts'
import { count, itsWords } from './words.ts'

/** A VM by the words of a command line, and what was found of it. */
interface Judged {
  readonly file: string
  readonly more: readonly string[]
  readonly machine: SavedMachine
  readonly reports: readonly Report[]
}

/** The last lines of a report: what the restore comes to, and what to do next. */
export function verdictLines({ machine, reports, ...named }: Judged, style: Style): string[] {
  const { origin, kind, writeBack } = machine
  if (isRunning({ origin, kind })) return runningLines(reports, style)
  const findings = reports.flatMap((report) => report.findings)
  const problems = findings.filter(({ severity }) => severity === 'fails' || severity === 'corrupts')
  const next = ['', ...hintLines(nextSteps(named, writeBack, reports), style)]
  switch (worst(reports.map(({ verdict }) => verdict))) {
    case 'restores':
      return [style.good(cleanWords(reports, findings))]
    case 'undecided':
      return [style.bad(`Undecided: ${unseenWords(reports)}. Do not resume this VM before that is known.`), ...next]
    case 'fails':
      return [
        `${count(problems.length, 'problem')} · ${style.bad(failureWords(reports))}`,
        ...abortLines(origin, reports),
        ...unseenLines(reports, style),
        ...next,
      ]
    case 'corrupts':
      return [
        `${count(problems.length, 'problem')} · The restore succeeds${harmWords(reports)}.`,
        style.bad(adviceWords(reports)),
        ...unseenLines(reports, style),
        ...next,
      ]
  }
}

/** A VM that runs is not resumed, and not repaired. */
const isRunning = ({ origin, kind }: Pick<SavedMachine, 'origin' | 'kind'>): boolean =>
  kind !== 'case' && origin.vmm === 'qemu' && origin.ram === 'running'

function runningLines(reports: readonly Report[], style: Style): string[] {
  const findings = reports.flatMap((report) => report.findings)
  const verdict = worst(reports.map((report) => report.verdict))
  const [first] = findings
  const next =
    first === undefined ? [] : ['', ...hintLines([[['vits', 'explain', first.code], 'what this is and why it happens']], style)]
  switch (verdict) {
    case 'restores':
      return [style.good(`Saved now: ${cleanWords(reports, findings)}`)]
    case 'undecided':
      return [style.bad(`Undecided: ${unseenWords(reports)}.`), ...next]
    case 'fails':
      return [style.bad(`Saved now: ${failureWords(reports)}`), ...unseenLines(reports, style), ...next]
    case 'corrupts':
      return [style.bad(`Saved now: the restore succeeds${harmWords(reports)}.`), ...unseenLines(reports, style), ...next]
  }
}

/** Beside a harm that is certain: there may be more. */
const unseenLines = (reports: readonly Report[], style: Style): string[] =>
  reports.some(({ gaps }) => gaps.length > 0) ? [style.bad(`There may be more: ${unseenWords(reports)}.`)] : []

/** A loss that is only possible, and nothing worse, is not called one. */
function adviceWords(reports: readonly Report[]): string {
  const isPossible = reports.every(({ lost, revived, misdirected }) => lost + revived + misdirected === 0)
  return isPossible && reports.some(({ hiddenDevices }) => hiddenDevices > 0)
    ? 'Restores, but perhaps wrongly. Do not resume this VM before that is known.'
    : 'Restores, but wrongly. Do not resume this VM.'
}

function cleanWords(reports: readonly Report[], findings: readonly Finding[]): string {
  const sure = reports.every(({ whole }) => whole) ? '' : ' as far as can be known'
  const latent = findings.filter(({ severity }) => severity === 'latent')
  if (latent.length === 0) return `Restores cleanly${sure}.`
  const leftovers = latent.filter(isQuiet).length
  const lost = latent.length - leftovers
  const left = leftovers === 0 ? '' : ` ${count(leftovers, 'leftover does', 'leftovers do')} no harm now.`
  return `Restores${sure}.${left}${lost === 0 ? '' : ` Perhaps the guest waits for ${count(lost, 'lost interrupt')}.`}`
}

function failureWords(reports: readonly Report[]): string {
  const { errno, stop, its } = reports.find(({ verdict }) => verdict === 'fails')!
  const where = stop === undefined ? '' : ` at ${stop.place}: ${stop.says}`
  return `The restore${reports.length > 1 ? ` of ${itsWords(its)}` : ''} fails: ${errno}${where}.`
}

function abortLines({ vmm }: Origin, reports: readonly Report[]): string[] {
  const stop = reports.find((report) => report.stop !== undefined)?.stop
  return stop === undefined ? [] : [vmmSays[vmm](strerror[stop.errno] ?? stop.errno)]
}

function harmWords(reports: readonly Report[]): string {
  const sum = (of: (report: Report) => number) => reports.reduce((total, report) => total + of(report), 0)
  const [lost, revived] = [sum((report) => report.lost), sum((report) => report.revived)]
  const [misdirected, hiddenDevices] = [sum((report) => report.misdirected), sum((report) => report.hiddenDevices)]
  const lostInterrupts = sum((report) => report.lostInterrupts)
  const does = [
    ...(lost > 0 ? [`loses ${lost} of ${sum(({ live }) => live.events)} live events`] : []),
    ...(revived > 0 ? [`brings back ${lost > 0 ? count(revived, 'dead one') : count(revived, 'dead event')}`] : []),
    ...(misdirected > 0 ? [`misdirects ${count(misdirected, 'event')}`] : []),
    ...(hiddenDevices > 0 ? [`perhaps loses interrupts of ${count(hiddenDevices, 'device')}`] : []),
    ...(lostInterrupts > 0 ? [`the guest waits for ${count(lostInterrupts, 'lost interrupt')}`] : []),
  ]
  return does.length === 0 ? '' : `, and ${does.join(' and ')}`
}

/** Commands to run next, with what they are for. */
function nextSteps(
  { file, more }: Pick<Judged, 'file' | 'more'>,
  { to }: WriteBack,
  reports: readonly Report[],
): (readonly [run: readonly string[], why: string])[] {
  const findings = reports.flatMap((report) => report.findings)
  const [first] = findings
  const safe = findings.some(({ fix }) => fix.safe && fix.writes.length > 0)
  const troubled = reports.find(({ verdict }) => verdict !== 'restores')
  const its = reports.length > 1 && troubled !== undefined ? ['--its', `${troubled.its.index}`] : []
  const name = [shellWord(file), ...more]
  return [
    safe && to !== 'nowhere'
      ? [repairCommand(file, more), 'write a repaired copy']
      : [['vits', 'repair', '-n', ...name], 'see what can be mended'],
    ...(first === undefined ? [] : [[['vits', 'explain', first.code], 'what this is and why it happens'] as const]),
    [['vits', 'show', ...name, '--view', 'guest', ...its], 'what the guest has mapped'],
  ]
}

/** What writes a repaired copy. */
export const repairCommand = (file: string, more: readonly string[] = []): readonly string[] => [
  ...['vits', 'repair', '-p', shellWord(file), ...more],
  ...['-o', shellWord(fixedName(file))],
]

/** `vm.mig.zst` is repaired as `vm.fixed.mig`. */
function fixedName(file: string): string {
  if (file === STDIN) return 'vm.fixed'
  const plain = file.replace(/\.(zst|gz|bz2|xz|lzo)$/, '')
  const dot = plain.lastIndexOf('.')
  return dot > plain.lastIndexOf('/') + 1 ? `${plain.slice(0, dot)}.fixed${plain.slice(dot)}` : `${plain}.fixed`
}

/** What a VMM prints when KVM refuses the tables. */
const vmmSays: Readonly<Record<Origin['vmm'], (error: string) => string>> = {
  qemu: (error) => `QEMU aborts on load: "KVM_SET_DEVICE_ATTR failed: Group 4 attr 0x0000000000000002: ${error}".`,
  raw: (error) => `A VMM gets from KVM_DEV_ARM_ITS_RESTORE_TABLES: "${error}".`,
  'cloud-hypervisor': (error) => `Cloud Hypervisor panics while it restores: "RestoreGic", "${error}".`,
  firecracker: (error) =>
    `Firecracker does not load it: "Failed to restore the VM's GIC state: Error while setting or getting device attributes for the GIC: ${error} ...".`,
}

/** strerror(3), as VMMs print errnos. */
const strerror: Readonly<Record<string, string>> = {
  EINVAL: 'Invalid argument',
  EFAULT: 'Bad address',
  EEXIST: 'File exists',
  ENOMEM: 'Cannot allocate memory',
}
