import { LPI_LIMIT, MAX_EVENTID_BITS, type ProfileId, profiles, releasedKernels } from '../abi/index.ts'
import { coalesce, type Errno, type GpaRange } from '../memory/index.ts'
import { objections, tableView } from '../tables/index.ts'
import { deviceName, place } from './names.ts'
import { Orphans, orphanPass } from './passes/orphans.ts'
import { registerPass } from './passes/registers.ts'
import { type CallFailure, type Rehearsal, rehearse } from './rehearsal.ts'
import { type AuditInput, type Scene, setScene } from './scene.ts'
import { costOf, type Restored, simulateRestore } from './simulate.ts'
import { type Damage, damage, registerHarm, type Verdict, verdictOf } from './verdict.ts'

/** What one kernel makes of a saved VM: the restore, and the save after it. */
export interface KernelRow extends Damage {
  readonly kernel: ProfileId
  /** Unknown when the kernel reads more than was looked at: behind its tables, or tables made to be slow. */
  readonly verdict: Verdict | 'unknown'
  readonly errno: Errno | undefined
  /** The call of the restore that fails. */
  readonly failure: CallFailure | undefined
  /** The save that follows fails. */
  readonly save: CallFailure | undefined
  /** How a restore of that save differs from what was saved. */
  readonly again: string | undefined
  /** What happens to the host itself. */
  readonly hostTrouble: readonly string[]
}

/** What all simulated restores together may cost, in entries read: tables that cost more are no sane guest's. */
const BUDGET = 2 ** 28

/**
 * Judges a saved VM under several kernels. Each restores a private copy, runs the commands that were waiting, and saves it again; what comes
 * back is compared with what the guest has mapped. On tables made to be slow, the oldest kernels are left out.
 */
export function judgeKernels(input: AuditInput, kernels: readonly ProfileId[]): KernelRow[] {
  const [first] = kernels
  if (first === undefined) return []
  const scene = setScene(input, profiles[first].quirks)
  const orphans = new Orphans()
  for (const _ of orphanPass(scene, orphans));
  let spent = 0
  const newestFirst = [...kernels]
    .reverse()
    .sort((a, b) => Number(releasedKernels.includes(b)) - Number(releasedKernels.includes(a)))
  const rows = new Map<ProfileId, KernelRow>()
  for (const kernel of newestFirst) {
    if (spent > BUDGET) {
      rows.set(kernel, unjudged(kernel))
      continue
    }
    const restored = simulateRestore(scene.memory, scene.view, profiles[kernel].quirks)
    spent += costOf(restored)
    rows.set(kernel, judge(scene, orphans, kernel, restored))
  }
  return kernels.map((kernel) => rows.get(kernel)!)
}

function unjudged(kernel: ProfileId): KernelRow {
  const none = { count: 0, first: [] }
  const nothing = { lost: none, revived: none, misdirected: none, lostDevices: 0, misplacedDevices: 0, lostCollections: 0 }
  return {
    kernel,
    verdict: 'unknown',
    errno: undefined,
    failure: undefined,
    save: undefined,
    again: undefined,
    hostTrouble: [],
    ...nothing,
  }
}

function judge(scene: Scene, orphans: Orphans, kernel: ProfileId, restored: Restored): KernelRow {
  const { quirks } = profiles[kernel]
  const harm = damage(restored, scene.beliefs, orphans)
  const registers = registerHarm(registerPass({ ...scene, quirks }))
  // More events than LPIs are no sane guest's: a model of the kernel would be busy with them for long.
  const isSane = restored.cut === undefined && restored.mappings.events.length <= LPI_LIMIT
  const rehearsal = isSane ? rehearse(scene.input, kernel, restored) : undefined
  const failure = rehearsal === undefined ? walkFailure(restored) : rehearsal.restore
  return {
    kernel,
    ...harm,
    verdict: restored.cut === 'not-loaded' ? 'unknown' : failure === undefined ? verdictOf(restored, registers, harm) : 'fails',
    errno: failure?.errno,
    failure,
    save: rehearsal?.save,
    again: rehearsal?.again,
    hostTrouble: hostTrouble(scene, restored, rehearsal),
  }
}

function walkFailure({ objection }: Restored): CallFailure | undefined {
  if (objection === undefined) return undefined
  const { errno, says } = objections[objection.name]
  return { call: 'RESTORE_TABLES', errno, says: `${place(objection.where)}: ${says}` }
}

function hostTrouble({ tables }: Scene, { mappings, objection, cut }: Restored, rehearsal: Rehearsal | undefined): string[] {
  const trouble: string[] = []
  const isVisited = (deviceId: number) => mappings.device(deviceId) !== undefined || objection?.where.deviceId === deviceId
  const isScanned = objection?.name !== 'dte-size'
  const oversized = tables.mappings.devices.find(
    ({ deviceId, eventIdBits }) => eventIdBits > MAX_EVENTID_BITS && isScanned && isVisited(deviceId),
  )
  if (oversized !== undefined) {
    const { deviceId, eventIdBits } = oversized
    trouble.push(`soft lockup: ${deviceName(deviceId)} claims ${eventIdBits} EventID bits; all are read with every vCPU locked`)
  } else if (cut === 'entries' || cut === 'events')
    trouble.push('soft lockup: the tables are read for minutes with every vCPU locked')
  if (rehearsal?.hostOops) trouble.push('CVE-2026-89912: the next save follows a NULL pointer in the host')
  return trouble
}

/**
 * Guest RAM that some kernels need next to be judged, in rounds as `footprint`: before 6.0.6 a jump past a table goes on reading behind
 * it. `bytes` at a time.
 */
export function overrunFootprint(input: AuditInput, kernels: readonly ProfileId[], bytes: number): GpaRange[] {
  const { memory, registers, its } = input
  const view = tableView(registers, its)
  const needs = kernels
    .filter((kernel) => profiles[kernel].quirks['scan-overrun'])
    .map((kernel) => simulateRestore(memory, view, profiles[kernel].quirks).needs)
  return coalesce(needs.flatMap((base) => (base === undefined ? [] : [{ base, bytes }])))
}
