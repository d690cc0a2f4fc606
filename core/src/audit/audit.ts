import { objections } from '../tables/index.ts'
import { debugfsWitness } from './debugfs-witness.ts'
import { harmedDevices } from './device-harm.ts'
import type { Judgement } from './effect.ts'
import { declared, type Finding } from './finding.ts'
import { gapsIn } from './gaps.ts'
import { countHeads } from './head.ts'
import { headsOf } from './heads.ts'
import { looksOf } from './looks.ts'
import type { Mappings } from './mappings.ts'
import { finding, measure, Suspects, takeOut } from './measure.ts'
import { place } from './names.ts'
import { unreadQueues } from './notifications.ts'
import { claimPass } from './passes/claims.ts'
import { configurationPass } from './passes/configuration.ts'
import { gapPass, limitPass, unsettledPass } from './passes/gaps.ts'
import { headPass } from './passes/heads.ts'
import { hiddenPass, isMissed } from './passes/hidden.ts'
import { lossPass } from './passes/losses.ts'
import { lpiPass } from './passes/lpis.ts'
import { notePass } from './passes/notes.ts'
import { notificationPass } from './passes/notifications.ts'
import { type Orphans, orphansOf } from './passes/orphans.ts'
import { overrunPass } from './passes/overruns.ts'
import { registerPass } from './passes/registers.ts'
import type { Severity } from './problems/index.ts'
import type { Count, QueueCounts, Report, RestoreStop } from './report.ts'
import { rowBeliefs } from './row-beliefs.ts'
import type { Scene } from './scene.ts'
import type { SimulatedRestore } from './simulate.ts'
import { Trials } from './trials.ts'
import { restoreHanging } from './unsettled.ts'
import { damage, registerHarm, verdictOf } from './verdict.ts'
import { guestRows, tableRows, type View } from './views.ts'

/** What is found out about an orphan, in steps. */
const SUSPECT_WORK = 2 ** 12

/** Orphan events listed by their ids. */
const MOST_ORPHAN_EVENTS = 65536

/**
 * Compares what lies in the tables, what a restore makes of it and what the guest has mapped. Reads memory only; every page
 * that `footprint` names must be loaded. A scene is audited once.
 */
export const audit = (scene: Scene): Report => scene.once(auditOnce)

function auditOnce(scene: Scene): Report {
  const { orphans, suspects: orphaned, unlisted } = orphansOf(scene)
  const suspects = new Suspects(scene.budget.findings)
  suspects.add(registerPass(scene))
  suspects.add(orphaned)
  suspects.add(overrunPass(scene, orphans))
  suspects.add(headPass(scene))
  const trials = new Trials(scene)
  scene.work += (orphaned.length + 1) * SUSPECT_WORK
  const clean = takeOut(scene, trials, suspects)
  const takenOut = new Set(suspects.list.flatMap(({ removal }) => removal.map(({ at }) => at)))
  suspects.add(claimPass(scene, orphans))
  suspects.add(lossPass(scene, clean, takenOut))
  const judge: Judgement = {
    isDead: (deviceId, eventId) => orphans.hasEvent(deviceId, eventId),
    isMissed: (deviceId, eventId) => !orphans.hasEvent(deviceId, eventId) && isMissed(scene, deviceId, eventId),
    isLiveDevice: (deviceId) => scene.beliefs.live.hasDevice(deviceId),
  }
  suspects.add(hiddenPass(scene))
  suspects.add(lpiPass(scene))
  suspects.add(configurationPass(scene))
  suspects.add(notificationPass(scene))
  const findings = measure(scene, trials, clean, suspects, judge)
  const limits = limitPass(scene, { isFull: suspects.full || unlisted, isUnmeasured: trials.ranOut })
  for (const note of [...notePass(scene), ...gapPass(scene), ...unsettledPass(scene), ...limits]) {
    findings.push(finding(scene, note, note.effect ?? declared('note')))
  }
  return report(scene, orphans, findings)
}

const order: readonly Severity[] = ['fails', 'corrupts', 'latent', 'note']

function report(scene: Scene, orphans: Orphans, found: readonly Finding[]): Report {
  const { restored, beliefs, tables } = scene
  const registers = registerHarm(registerPass(scene))
  const harm = damage(scene, restored)
  const gaps = gapsIn(found)
  const isUnsettled = restoreHanging(scene) !== undefined
  const verdict = isUnsettled ? 'undecided' : verdictOf(restored, registers, harm, gaps.length === 0)
  const stop = isUnsettled ? undefined : stopOf(restored)
  const { state, commands, pending } = beliefs.history
  return {
    its: scene.its,
    kernel: scene.profile.id,
    unsettled: scene.profile.unsettled ?? [],
    vcpus: scene.registers.redistributors.length,
    verdict,
    gaps,
    errno: isUnsettled ? undefined : (registers.errno ?? stop?.errno),
    stop,
    collections: tables.mappings.collections.size,
    live: { devices: beliefs.live.devices.size, events: beliefs.live.eventCount },
    tables: countOf(tables.mappings),
    restored: verdict === 'fails' ? { devices: 0, events: 0 } : countOf(restored.mappings),
    lost: harm.lost.count,
    revived: harm.revived.count,
    misdirected: harm.misdirected.count,
    lostInterrupts: harm.lostInterrupts.count,
    unread: scene.unread.count + Number(scene.isCut) + Number(unreadQueues(scene) > 0),
    hiddenDevices: harm.hiddenDevices,
    unknown: unknownCount(scene),
    orphans: { devices: [...orphans.entries.devices], events: orphans.list(scene, MOST_ORPHAN_EVENTS) },
    history: { state, commands, pending },
    byQueue: queueCounts(scene),
    heads: countHeads(headsOf(scene)),
    whole: beliefs.isWhole,
    guestKernel: scene.guestKernel,
    debugfs: debugfsWitness(scene).outcome,
    findings: [...found].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity)),
    names: scene.names,
    harmed: verdict === 'fails' ? [] : harmedDevices(scene),
    looks: looksOf(scene, found),
  }
}

const countOf = ({ devices, events }: Mappings): Count => ({ devices: devices.length, events: events.length })

function stopOf({ objection, mappings }: SimulatedRestore): RestoreStop | undefined {
  if (objection === undefined) return undefined
  const { errno, says: reason } = objections[objection.name]
  const { where } = objection
  return {
    errno,
    says: reason,
    place: place(where),
    at: where.at,
    deviceId: where.deviceId,
    eventId: where.eventId,
    after: countOf(mappings),
  }
}

/** Events of the tables that no witness knows, and devices that have none. */
function unknownCount(scene: Scene): number {
  const events = rowBeliefs(scene).filter((belief) => belief === 'unknown')
  const devices = scene.tables.mappings.devices.filter(
    ({ deviceId, count }) => count === 0 && scene.beliefs.device(deviceId).belief === 'unknown',
  )
  return events.length + devices.length
}

function queueCounts({ beliefs, tables: { mappings } }: Scene): QueueCounts {
  const counts = { live: 0, deviceLive: 0, dead: 0, unknown: 0 }
  for (const { deviceId, first, count } of mappings.devices) {
    const device = beliefs.device(deviceId).queue.says
    for (let row = first; row < first + count; row++) {
      const { queue } = beliefs.event(deviceId, mappings.events.eventId[row]!)
      if (queue.says === 'live') counts.live++
      else if (queue.says === 'dead') counts.dead++
      else if (device === 'live') counts.deviceLive++
      else counts.unknown++
    }
  }
  return counts
}

/** The three viewpoints of `vits show`. */
export const viewpoints = ['tables', 'restored', 'guest'] as const
export type Viewpoint = (typeof viewpoints)[number]

function headRows(scene: Scene): Pick<View, 'heads'> {
  const heads = headsOf(scene)
  return heads.length === 0 ? {} : { heads }
}

/** Collections and devices with their events from one viewpoint. A restore that fails brings back nothing. */
export function viewFrom(scene: Scene, viewpoint: Viewpoint): View {
  if (viewpoint === 'guest') return guestRows(scene.beliefs)
  if (viewpoint === 'tables') return { ...tableRows(scene.tables.mappings), ...headRows(scene) }
  const stop = stopOf(scene.restored)
  return stop === undefined ? tableRows(scene.restored.mappings) : { collections: [], devices: [], stop }
}
