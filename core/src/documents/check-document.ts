import type { ProfileId, QuirkName, RegisterSource } from '../abi/index.ts'
import {
  type Count,
  type DebugfsOutcome,
  groupKernels,
  hangs,
  harmedOf,
  headline,
  type KernelRow,
  type Report,
  type Severity,
  type VmLook,
  vmLooks,
  whyHang,
} from '../audit/index.ts'
import type { SavedMachine } from '../formats/index.ts'
import { allocatedEvents, type KernelIts, type KernelOutcome } from '../guest-kernel/index.ts'
import type { AskedDocument, UndoDocument, UnreadDocument } from './asked-document.ts'
import { type HarmDocument, harmDocument, type NamedDeviceDocument, namedDevices } from './device-document.ts'
import { type FindingDocument, findingDocument } from './finding-document.ts'
import { type Address, address } from './hexadecimal.ts'
import type { JudgedDocument } from './judged-document.ts'
import { type KernelDocument, kernelDocument } from './kernel-document.ts'
import { type RestoreDocument, restoreDocument, together } from './restore-document.ts'

/**
 * What `vits check --json` prints for one saved VM.
 *
 * Where a VM has several ITSes, what stands at the top is of all of them together: the worst verdict, the first failure, sums.
 */
export interface CheckDocument extends RestoreDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  /** The file, as it was named. */
  readonly file: string
  /** What the file is, in words for people. */
  readonly format: string
  /** The machine type that was saved: `virt-7.2`. */
  readonly machine: string
  /** Where the registers are from: no VMM saved those of a dump. `looks` tells what is assumed of them. */
  readonly registersFrom: 'file' | RegisterSource
  /** The kernel that is to restore. */
  readonly kernel: ProfileId
  /** Why it is that one; absent where nobody chose. */
  readonly judged?: JudgedDocument
  /** Quirks of which it is unknown whether that kernel has them: the verdict holds both ways, or is undecided and M710 tells why. */
  readonly unsettled: readonly QuirkName[]
  readonly vcpus: number
  /** What the restore does, in one sentence: to which device, what, and on which kernel. */
  readonly headline: string
  /** Why the guest would hang after a restore, in a sentence or two. */
  readonly whyHang: string
  /** One for each ITS, in the order of the file. */
  readonly itses: readonly ItsDocument[]
  /** Every problem, worst first; with `--why-hang` by what a hang would look like, and what hangs nothing last. */
  readonly findings: readonly FindingDocument[]
  /** What each known kernel makes of the VM. */
  readonly kernels: readonly KernelDocument[]
  /** The same kernels, those together that make the same of it. */
  readonly alike: readonly (readonly ProfileId[])[]
  /** What people call the devices: every DeviceID of which the file knows something. */
  readonly devices: readonly NamedDeviceDocument[]
  /** What a restore does to each device that it harms, the worst first; empty where it fails. */
  readonly harmed: readonly HarmDocument[]
  /** What was looked at, what came of it, and what was not looked at. */
  readonly looks: readonly LookDocument[]
  /** The undo file beside it; null where there is none, and absent where nobody looked. */
  readonly undo?: UndoDocument | null
  /** Of what this is the answer; absent where vits was not asked on a command line. */
  readonly asked?: AskedDocument
}

/** What `vits check --json` prints for one file, whatever came of it: one without `error` has a verdict. */
export type CheckedDocument = CheckDocument | UnreadDocument

/** One thing that was looked at, or was not. */
export interface LookDocument extends Omit<VmLook, 'its' | 'why'> {
  /** The ITS, where there are several and it is about one of them. */
  readonly its: number | null
  /** Why it is known in part, or was not looked at. */
  readonly why: string | null
}

/** One ITS of the VM. */
export interface ItsDocument extends RestoreDocument {
  /** Its place in `itses`, which findings name. */
  readonly its: number
  /** Where its frames are, where the file or the machine type tells. */
  readonly base: Address | null
  /** What the guest's kernel has in RAM of it; null where it was not looked for. */
  readonly guestKernel: GuestKernelDocument | null
  /** What KVM's debugfs told of it; null where no text of it was given. */
  readonly debugfs: DebugfsDocument | null
}

/** Texts of KVM's debugfs, held against the tables. */
export interface DebugfsDocument {
  /** Devices with events, and events, that vgic-its-state has; null where it was not given. */
  readonly listed: Count | null
  /** LPIs that vgic-state has; null where it was not given. */
  readonly lpis: number | null
  /** What they have and the tables do not: with one, nothing that they say is believed. */
  readonly differences: number
  /** The first of those. */
  readonly first: readonly string[]
}

/** The guest kernel's own list of devices, or why there is none. */
export interface GuestKernelDocument {
  /** Its head in RAM. */
  readonly list: Address | null
  /** What told how the kernel's structures are laid out. */
  readonly by: KernelIts['by'] | null
  readonly devices: number
  /** Events that are allocated: those that are mapped are among them. */
  readonly events: number
  /** Why it is not believed, or was not found. */
  readonly reason: string | null
}

/** What a check of one saved VM found out. */
export interface Checked {
  readonly file: string
  readonly machine: SavedMachine
  /** One for each ITS. */
  readonly reports: readonly Report[]
  readonly kernels: readonly KernelRow[]
}

/** The document of one saved VM, addresses and words as hexadecimal strings; `byHang`: findings in the order of `whyHang`. */
export function checkDocument({ file, machine, reports, kernels }: Checked, byHang = false): CheckDocument {
  const [first] = reports
  if (first === undefined) throw new RangeError('a VM without an ITS has no report')
  const itses = reports.map((report) => ({
    its: report.its.index,
    base: address(report.its.base),
    guestKernel: guestKernelDocument(report.guestKernel),
    debugfs: debugfsDocument(report.debugfs),
    ...restoreDocument(report),
  }))
  return {
    schema: 1,
    file,
    format: machine.format,
    machine: machine.machine,
    registersFrom: machine.registers.inferredFrom ?? 'file',
    kernel: first.kernel,
    unsettled: first.unsettled,
    vcpus: first.vcpus,
    headline: headline(reports, kernels),
    whyHang: whyHang(reports).answer,
    ...together(itses),
    itses,
    findings: (byHang ? surestHangFirst : worstFirst)(
      reports.flatMap((report) => report.findings.map((one) => findingDocument(one, report))),
    ),
    kernels: kernels.map(kernelDocument),
    alike: groupKernels(kernels).map((group) => group.kernels),
    devices: reports.flatMap(({ names, its }) => namedDevices(names, its.index)),
    harmed: harmedOf(reports).map(({ report: { names, its }, harm }) => harmDocument(harm, names, its.index)),
    looks: vmLooks(reports, kernels).map(({ its, why, ...look }) => ({ ...look, its: its ?? null, why: why ?? null })),
  }
}

function guestKernelDocument(outcome: KernelOutcome | undefined): GuestKernelDocument | null {
  if (outcome === undefined) return null
  if ('missing' in outcome) return { list: null, by: null, devices: 0, events: 0, reason: outcome.missing.reason }
  const { list, by, devices } = outcome.found
  return { list: address(list), by, devices: devices.size, events: allocatedEvents(outcome.found), reason: null }
}

function debugfsDocument(outcome: DebugfsOutcome | undefined): DebugfsDocument | null {
  if (outcome === undefined) return null
  const { listed = null, lpis = null, differences } = outcome
  return { listed, lpis, differences: differences.count, first: differences.first }
}

const worstSeverity: readonly Severity[] = ['fails', 'corrupts', 'latent', 'note']

function worstFirst(findings: readonly FindingDocument[]): readonly FindingDocument[] {
  return [...findings].sort((a, b) => worstSeverity.indexOf(a.severity) - worstSeverity.indexOf(b.severity))
}

function surestHangFirst(findings: readonly FindingDocument[]): readonly FindingDocument[] {
  const order = ({ hang }: FindingDocument) => (hang === null ? hangs.length : hangs.indexOf(hang))
  return [...worstFirst(findings)].sort((a, b) => order(a) - order(b))
}
