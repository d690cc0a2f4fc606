import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { CheckDocument } from '@vits/core/documents'

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const COULD_NOT_READ = 8
/** The profile of the kernel that restores here. */
export const KERNEL = 'linux-6.12.117'

interface Listing {
  readonly devices: readonly {
    readonly deviceId: number
    readonly events: readonly { readonly eventId: number; readonly lpi: number }[]
  }[]
}

/** What vits says of a save: nothing but the reason when it cannot read it. */
export type Said =
  | { readonly read: false; readonly why: string }
  | {
      readonly read: true
      /** The exit code of `vits check`: 0 is no problem. */
      readonly exit: number
      readonly verdict: string
      readonly errno: string | null
      readonly lost: number
      readonly revived: number
      readonly misdirected: number
      /** Codes with their severities, as `D203 corrupts`, each once. */
      readonly findings: readonly string[]
      /** LPIs of entries that it calls orphans, unless an entry that it does not call one has the same. */
      readonly dead: ReadonlySet<number>
      /** LPIs of the events that it says the guest has mapped. */
      readonly live: ReadonlySet<number>
      /** LPIs that it says a restore brings. */
      readonly restored: ReadonlySet<number>
    }

/** What `vits repair -y` did. */
export type Repaired =
  | { readonly wrote: false; readonly why: string }
  | {
      readonly wrote: true
      /** Each word that it changed, `0x43d56a00 0x00000000_20000000 -> 0x00000000_00000000`. */
      readonly words: readonly string[]
      /** LPIs that it says a restore brings now. */
      readonly restored: ReadonlySet<number>
    }

/** What is asked of its document. */
export type Report = Pick<CheckDocument, 'verdict' | 'errno' | 'lost' | 'revived' | 'misdirected' | 'orphans' | 'findings'>

/** What `vits check` says of a save. */
export type Checked =
  | { readonly read: false; readonly why: string }
  | { readonly read: true; readonly exit: number; readonly report: Report; readonly findings: readonly string[] }

/** Asks `vits check` about a save; findings are codes with their severities, each once. */
export function vitsChecks(file: string): Checked {
  const { status, stdout, stderr } = vits('check', '--json', '--kernel', KERNEL, file)
  if (status & COULD_NOT_READ || stdout === '') return { read: false, why: stderr.trim() }
  const report = JSON.parse(stdout) as Report
  const findings = [...new Set(report.findings.map(({ code, severity }) => `${code} ${severity}`))]
  return { read: true, exit: status, report, findings }
}

/** Asks `vits check` and `vits show` about a save. */
export function vitsSays(file: string): Said {
  const checked = vitsChecks(file)
  if (!checked.read) return checked
  const { verdict, errno, lost, revived, misdirected, orphans } = checked.report
  const devices = new Set(orphans.devices)
  const events = new Set(orphans.events.map(([device, event]) => `${device}/${event}`))
  const dead = new Set<number>()
  const kept = new Set<number>()
  for (const { deviceId, eventId, lpi } of show('tables', file)) {
    const orphan = devices.has(deviceId) || events.has(`${deviceId}/${eventId}`)
    ;(orphan ? dead : kept).add(lpi)
  }
  for (const lpi of kept) dead.delete(lpi)
  return {
    ...{ read: true, exit: checked.exit, verdict, errno, lost, revived, misdirected, dead },
    findings: checked.findings,
    live: lpisOf(show('guest', file)),
    restored: verdict === 'fails' ? new Set() : lpisOf(show('restored', file)),
  }
}

/** Runs `vits repair -y` into another file. Where there was nothing to change, that is a copy, and counts as not written. */
export function vitsRepairs(file: string, output: string): Repaired {
  rmSync(output, { force: true })
  const { stdout, stderr } = vits('repair', '-y', '--json', '--force', '--kernel', KERNEL, file, '-o', output)
  if (!existsSync(output)) return { wrote: false, why: stderr.trim() }
  const { writes } = JSON.parse(stdout) as { writes: readonly { gpa: string; from: string; to: string }[] }
  if (writes.length === 0) return { wrote: false, why: stderr.trim() }
  const words = writes.map(({ gpa, from, to }) => `${gpa} ${from} -> ${to}`)
  return { wrote: true, words, restored: lpisOf(show('restored', output)) }
}

/** @throws Error when vits lists nothing, not even no device: then nothing is known of the save. */
function show(view: string, file: string) {
  const { status, stdout, stderr } = vits('show', '--json', '--view', view, file)
  if (stdout === '') throw new Error(`vits show --view ${view} ended with ${status}: ${stderr.trim()}`)
  const { devices } = JSON.parse(stdout) as Listing
  return devices.flatMap(({ deviceId, events }) => events.map(({ eventId, lpi }) => ({ deviceId, eventId, lpi })))
}

const lpisOf = (events: readonly { readonly lpi: number }[]) => new Set(events.map(({ lpi }) => lpi))

function vits(...args: string[]): { readonly status: number; readonly stdout: string; readonly stderr: string } {
  const program = ['cli/bin/vits.js', ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 })
  return { status: status ?? COULD_NOT_READ, stdout, stderr }
}
