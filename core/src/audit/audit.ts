import { NEWEST, type ProfileId, profiles } from '../abi/index.ts'
import { objections } from '../tables/index.ts'
import type { Judgement } from './effect.ts'
import { declared, type Finding } from './finding.ts'
import type { Mappings } from './mappings.ts'
import { finding, MOST_FINDINGS, measure, Suspects, Trials, takeOut } from './measure.ts'
import { place } from './names.ts'
import { claimPass } from './passes/claims.ts'
import { lossPass } from './passes/losses.ts'
import { lpiPass } from './passes/lpis.ts'
import { notePass } from './passes/notes.ts'
import { Orphans, orphanPass } from './passes/orphans.ts'
import { overrunPass } from './passes/overruns.ts'
import { registerPass } from './passes/registers.ts'
import type { Severity } from './problems/index.ts'
import type { Count, QueueTold, Report, Stop } from './report.ts'
import { type AuditInput, type Scene, setScene } from './scene.ts'
import type { Restored } from './simulate.ts'
import { damage, registerHarm, verdictOf } from './verdict.ts'
import { guestRows, tableRows, type View } from './views.ts'

/** Orphan events listed by their ids. */
const MOST_ORPHAN_EVENTS = 65536

/**
 * Compares what lies in the tables, what a restore makes of it and what the guest has mapped. Reads memory only; every page
 * that `footprint` names must be loaded.
 */
export function audit(input: AuditInput): Report {
  const profile = input.profile ?? profiles[NEWEST]
  const scene = setScene(input, profile.quirks)
  const orphans = new Orphans()
  const suspects = new Suspects()
  suspects.add(registerPass(scene))
  suspects.add(orphanPass(scene, orphans))
  suspects.add(overrunPass(scene, orphans))
  const trials = new Trials(scene)
  const clean = takeOut(scene, trials, suspects)
  const takenOut = new Set(suspects.list.flatMap(({ removal }) => removal.map(({ at }) => at)))
  suspects.add(claimPass(scene, orphans))
  suspects.add(lossPass(scene, clean.mappings, takenOut))
  const judge: Judgement = {
    isDead: (deviceId, eventId) => orphans.hasEvent(deviceId, eventId),
    isLiveDevice: (deviceId) => scene.beliefs.device(deviceId).belief === 'live',
  }
  suspects.add(lpiPass(scene, orphans))
  const findings = measure(scene, trials, clean, suspects, judge)
  for (const note of notePass(scene, suspects.full || orphans.unlisted ? MOST_FINDINGS : undefined)) {
    findings.push(finding(scene, note, note.effect ?? declared('note'), undefined))
  }
  return report(scene, profile.id, orphans, findings)
}

const order: readonly Severity[] = ['fails', 'corrupts', 'latent', 'note']

function report(scene: Scene, kernel: ProfileId, orphans: Orphans, found: readonly Finding[]): Report {
  const { restored, beliefs, tables } = scene
  const registers = registerHarm(registerPass(scene))
  const harm = damage(restored, beliefs, orphans)
  const verdict = verdictOf(restored, registers, harm)
  const stop = stopOf(restored)
  const { state, commands, pending } = beliefs.history
  return {
    kernel,
    vcpus: scene.input.registers.redistributors.length,
    verdict,
    errno: registers.errno ?? stop?.errno,
    stop,
    collections: tables.mappings.collections.size,
    live: liveCount(scene),
    tables: countOf(tables.mappings),
    restored: verdict === 'fails' ? { devices: 0, events: 0 } : countOf(restored.mappings),
    lost: harm.lost.count,
    revived: harm.revived.count,
    misdirected: harm.misdirected.count,
    unknown: unknownCount(scene),
    orphans: { devices: [...orphans.devices.keys()].sort((a, b) => a - b), events: orphans.list(scene, MOST_ORPHAN_EVENTS) },
    history: { state, commands, pending },
    told: queueTold(scene),
    findings: [...found].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity)),
  }
}

const countOf = ({ devices, events }: Mappings): Count => ({ devices: devices.length, events: events.length })

function stopOf({ objection, mappings }: Restored): Stop | undefined {
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

function liveCount({ beliefs }: Scene): Count {
  const count = { devices: 0, events: 0 }
  for (const deviceId of beliefs.deviceIds) {
    if (beliefs.device(deviceId).belief === 'live') count.devices++
    for (const eventId of beliefs.eventIds(deviceId)) if (beliefs.eventBelief(deviceId, eventId) === 'live') count.events++
  }
  return count
}

/** Events of the tables that no witness knows. */
function unknownCount({ beliefs, tables: { mappings } }: Scene): number {
  let unknown = 0
  for (const { deviceId, first, count } of mappings.devices) {
    for (let row = first; row < first + count; row++) {
      if (beliefs.eventBelief(deviceId, mappings.events.eventId[row]!) === 'unknown') unknown++
    }
  }
  return unknown
}

function queueTold({ beliefs, tables: { mappings } }: Scene): QueueTold {
  const told = { live: 0, deviceLive: 0, dead: 0, untold: 0 }
  for (const { deviceId, first, count } of mappings.devices) {
    const device = beliefs.device(deviceId).queue
    for (let row = first; row < first + count; row++) {
      const { queue } = beliefs.event(deviceId, mappings.events.eventId[row]!)
      if (queue === 'mapped') told.live++
      else if (queue === 'unmapped') told.dead++
      else if (device === 'mapped') told.deviceLive++
      else told.untold++
    }
  }
  return told
}

/** The three viewpoints of `vits show`. */
export const viewpoints = ['tables', 'restored', 'guest'] as const
export type Viewpoint = (typeof viewpoints)[number]

/** Collections and devices with their events from one viewpoint. A restore that fails brings back nothing. */
export function viewFrom(input: AuditInput, viewpoint: Viewpoint): View {
  const scene = setScene(input, (input.profile ?? profiles[NEWEST]).quirks)
  if (viewpoint === 'guest') return guestRows(scene.beliefs)
  if (viewpoint === 'tables') return tableRows(scene.tables.mappings)
  const stop = stopOf(scene.restored)
  return stop === undefined ? tableRows(scene.restored.mappings) : { collections: [], devices: [], stop }
}
