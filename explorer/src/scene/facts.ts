import { hex, itsCount, kernelSpans, type ProfileId, profileIds, profiles, releasedKernels } from '@vits/core/abi'
import { type Count, groupKernels, headline, type KernelRow, type Report, type Verdict, worst } from '@vits/core/audit'
import type { SavedMachine } from '@vits/core/formats'
import type { RepairPlan } from '@vits/core/repair'

/** What the file is. */
export interface FileFacts {
  readonly name: string
  /** `QEMU stream (virt-7.2) · 8 vCPUs · 1 ITS at 0x8080000`. */
  readonly summary: string
  readonly itses: number
  /** A repair can be written into a copy of the file. */
  readonly canBeWritten: boolean
}

/** The state of the VM in one sentence and three counts. */
export interface Facts {
  readonly kernel: ProfileId
  readonly kernelTitle: string
  readonly verdict: Verdict
  readonly title: string
  /** `Does not come back on linux-7.3.4: EINVAL at a stale entry of the disk at 52:00.0.` */
  readonly headline: string
  /** Where the restore fails. */
  readonly stop: StopFacts | undefined
  readonly guest: Count
  readonly tables: Count
  readonly restored: Count
  readonly notes: { readonly guest: string; readonly tables: string; readonly restored: string }
  readonly itses: readonly ItsFacts[]
}

export interface StopFacts {
  readonly its: number
  readonly errno: string
  readonly says: string
  readonly place: string
  readonly deviceId: number | undefined
  readonly eventId: number | undefined
}

export interface ItsFacts {
  readonly index: number
  readonly base: string
  readonly verdict: Verdict
}

export function fileFacts(name: string, { format, machine, registers, writeBack }: SavedMachine): FileFacts {
  const bases = registers.itses.flatMap(({ base }) => (base === undefined ? [] : [hex(base)]))
  const itses = counted(itsCount(registers), 'ITS', 'ITSes')
  const vcpus = counted(registers.redistributors.length, 'vCPU')
  return {
    name,
    summary: `${format} (${machine}) · ${vcpus} · ${itses}${bases.length === 0 ? '' : ` at ${bases.join(', ')}`}`,
    itses: registers.itses.length,
    canBeWritten: writeBack.to !== 'nowhere',
  }
}

/** `rows`: what all kernels make of it, once that is known. `isAfter`: it is the state that a repair leaves. */
export function factsOf(reports: readonly Report[], rows: readonly KernelRow[], isAfter: boolean): Facts {
  const [first] = reports as [Report]
  const verdict = worst(reports.map((report) => report.verdict))
  const failed = reports.find(({ stop }) => stop !== undefined)
  const sum = (of: (report: Report) => Count): Count => ({
    devices: reports.reduce((total, report) => total + of(report).devices, 0),
    events: reports.reduce((total, report) => total + of(report).events, 0),
  })
  return {
    kernel: first.kernel,
    kernelTitle: profiles[first.kernel].title,
    verdict,
    title: titles[isAfter ? 'after' : 'saved'][verdict],
    headline: headline(reports, rows),
    stop: failed?.stop && { its: failed.its.index, ...failed.stop },
    guest: sum(({ live }) => live),
    tables: sum(({ tables }) => tables),
    restored: verdict === 'fails' ? { devices: 0, events: 0 } : sum(({ restored }) => restored),
    notes: notesOf(reports),
    itses: reports.map(({ its: { index, base }, verdict }) => ({ index, base: base === undefined ? '' : hex(base), verdict })),
  }
}

const titles = {
  saved: {
    restores: 'This VM comes back',
    corrupts: 'This VM comes back broken',
    fails: 'This VM will not come back',
    undecided: 'It is not known whether this VM comes back',
  },
  after: {
    restores: 'After the repair, this VM comes back',
    corrupts: 'After the repair, this VM still comes back broken',
    fails: 'After the repair, this VM still does not come back',
    undecided: 'After the repair, it is not known whether this VM comes back',
  },
} as const satisfies Record<string, Record<Verdict, string>>

function notesOf(reports: readonly Report[]): Facts['notes'] {
  const sum = (of: (report: Report) => number) => reports.reduce((total, report) => total + of(report), 0)
  const [stale, unknown] = [sum(({ orphans }) => orphans.devices.length), sum((report) => report.unknown)]
  const states = [...new Set(reports.map(({ history }) => history.state))].join(', ')
  const stopped = reports.find(({ stop }) => stop !== undefined)?.stop
  const harm = [
    [sum(({ lost }) => lost), 'lost'],
    [sum(({ revived }) => revived), 'dead ones back'],
    [sum(({ misdirected }) => misdirected), 'altered'],
  ] as const
  const harmed = harm.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
  return {
    guest: `${counted(
      sum(({ history }) => history.commands),
      'command',
    )}, history ${states}`,
    tables: [counted(stale, 'stale device'), ...(unknown > 0 ? [`${unknown.toLocaleString('en')} unknown`] : [])].join(', '),
    restored:
      stopped !== undefined ? `stops after ${counted(stopped.after.devices, 'device')}` : harmed.join(', ') || 'nothing lost',
  }
}

export const counted = (n: number, one: string, many = `${one}s`): string => `${n.toLocaleString('en')} ${n === 1 ? one : many}`

/** Kernels that make the same of the VM, as one chip. */
export interface KernelChip {
  readonly kernels: readonly ProfileId[]
  /** `6.1.174 to 7.3.4`. */
  readonly name: string
  readonly verdict: Verdict
  /** `restores`, `EINVAL`. */
  readonly says: string
  /** What happens to the host, and at the save after the restore. */
  readonly beside: readonly string[]
}

/** One kernel of the page's list. */
export interface KernelName {
  readonly id: ProfileId
  readonly title: string
}

export const kernelNames: readonly KernelName[] = profileIds.map((id) => ({ id, title: profiles[id].title }))

/** Released kernels, those together that make the same of it, in the order of their releases. */
export function kernelChips(rows: readonly KernelRow[]): readonly KernelChip[] {
  const released = rows.filter(({ kernel }) => releasedKernels.includes(kernel))
  return groupKernels(released).map(({ kernels, row }) => ({
    kernels,
    name: kernelSpans(kernels).join(', ').replaceAll('linux-', ''),
    verdict: row.verdict,
    says: row.verdict === 'fails' ? (row.errno ?? 'fails') : row.verdict,
    beside: [
      ...(row.save === undefined ? [] : [`the next save fails: ${row.save.errno}, ${row.save.says}`]),
      ...(row.again === undefined ? [] : [`a restore of the next save: ${row.again}`]),
      ...row.hostTrouble.map((trouble) => `host: ${trouble}`),
    ],
  }))
}

/** What the repair comes to. */
export interface PlanFacts {
  readonly words: number
  readonly registers: number
  /** Why it is not proven good, and is not written. */
  readonly obstacles: readonly string[]
  readonly lost: number
  /** What is not changed is well as it is, is not known, or has nothing that mends it. */
  readonly unchanged: 'well' | 'unknown' | 'unmended'
  readonly chips: readonly KernelChip[]
  /** What is written, in address order. */
  readonly writes: readonly PlannedLine[]
}

export interface PlannedLine {
  readonly at: string
  readonly id: string
  readonly code: string
  readonly why: string
  readonly from: string
  readonly to: string
}

/** Writes that are listed. */
const MOST_WRITES = 200

export function planFacts({ writes, registerWrites, obstacles, itses, kernels }: RepairPlan): PlanFacts {
  return {
    words: writes.length,
    registers: registerWrites.length,
    obstacles: [...new Set(obstacles.map(({ says }) => says))],
    lost: itses.reduce((sum, { lost }) => sum + lost.length, 0),
    unchanged: itses.some(({ before }) => before.gaps.length > 0)
      ? 'unknown'
      : itses.every(({ before }) => before.verdict === 'restores')
        ? 'well'
        : 'unmended',
    chips: kernelChips(kernels.map(({ after }) => after)),
    writes: writes.slice(0, MOST_WRITES).map(({ at, id, kind, code, why, from, to }) => ({
      at: hex(at),
      id: `${kind} of ${id}`,
      code,
      why,
      from: word(from),
      to: word(to),
    })),
  }
}

const word = ([lo, hi]: readonly [number, number]): string =>
  lo === 0 && hi === 0 ? '0' : `${(hi >>> 0).toString(16).padStart(8, '0')}_${(lo >>> 0).toString(16).padStart(8, '0')}`
