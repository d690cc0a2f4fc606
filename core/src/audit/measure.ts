import { DTE, ENTRY_BYTES } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { objections } from '../tables/index.ts'
import { effectOf, type Judgement, kindOf } from './effect.ts'
import { type EntryView, entryAt } from './entries.ts'
import { declared, type Effect, type EventId, type Finding, type Suspect } from './finding.ts'
import { place } from './names.ts'
import { objectionSuspect } from './passes/objections.ts'
import { type ProblemCode, problemRow } from './problems/index.ts'
import type { Scene } from './scene.ts'
import type { SimulatedRestore } from './simulate.ts'
import type { Trials } from './trials.ts'

/** Suspects in the order they were found, up to a limit. */
export class Suspects {
  readonly list: Suspect[] = []
  full = false
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  add(found: Iterable<Suspect>): void {
    for (const one of found) {
      if (this.list.length >= this.#most) {
        this.full = true
        return
      }
      this.list.push(one)
    }
  }
}

/** Takes every suspect entry out of the overlay, then what KVM still objects to, until a restore succeeds. */
export function takeOut(scene: Scene, trials: Trials, suspects: Suspects): SimulatedRestore {
  for (const { removal } of suspects.list) trials.write(removal, 'to')
  for (;;) {
    const clean = trials.run()
    if (clean.objection === undefined || suspects.full || !trials.take()) return clean
    const found = objectionSuspect(scene, trials.memory, clean.objection)
    if (found === undefined) return clean
    suspects.add([found])
    if (found.removal.length === 0) return clean
    trials.write(found.removal, 'to')
  }
}

/**
 * Measures each suspect: the walk with its entry against the walk without it. When the restore succeeds as it is, all others
 * stay; when it fails, all others are out, since behind the first failure nothing shows.
 */
export function measure(scene: Scene, trials: Trials, clean: SimulatedRestore, { list }: Suspects, judge: Judgement): Finding[] {
  const base = scene.restored
  const succeeds = base.objection === undefined
  if (succeeds) trials.undo()
  return list.map((one) => {
    if (one.effect !== undefined) return finding(scene, one, one.effect)
    if (one.removal.length === 0 || !trials.take()) return finding(scene, one, unmeasured(one, base, judge))
    const isBeside = problemRow(one.code).sharesEntry === true
    if (isBeside && succeeds) return finding(scene, one, standsBeside(one, base))
    const { before, after } = trials.compare(succeeds ? base : clean, one.removal, succeeds ? 'to' : 'from', one.deviceId)
    const [withIt, without] = succeeds ? [before, after] : [after, before]
    const effect = isBeside ? standsBeside(one, withIt) : effectOf(withIt, without, judge)
    return finding(scene, one, effect, withIt)
  })
}

/** A second claim does harm when it comes back; what else its entry does is said by the finding about the entry itself. */
function standsBeside({ deviceId, eventId }: Suspect, { mappings }: SimulatedRestore): Effect {
  const there = eventId === undefined ? (mappings.device(deviceId!)?.count ?? 0) > 0 : mappings.row(deviceId!, eventId) >= 0
  return declared(there ? 'corrupts' : 'latent')
}

/** Where no single word can be taken out, or too much was read already: what the restore as it is shows of the entry. */
function unmeasured({ deviceId, eventId, at }: Suspect, base: SimulatedRestore, judge: Judgement): Effect {
  if (base.objection !== undefined) {
    const { where, name } = base.objection
    const isInDevice = deviceId !== undefined && eventId === undefined && where.deviceId === deviceId
    const mine = where.at === at || at === undefined || isInDevice
    if (!mine) return declared('latent')
    const { errno, says } = objections[name]
    return { ...declared('fails', errno), stop: { at: where.at, kind: kindOf(name), says, place: place(where) } }
  }
  const [device, event] = [deviceId ?? -1, eventId ?? -1]
  return declared(base.mappings.row(device, event) >= 0 && judge.isDead(device, event) ? 'corrupts' : 'latent')
}

/** What a suspect comes to, its effect known; `withIt`: the restore that showed it. */
export function finding(scene: Scene, suspect: Suspect, effect: Effect, withIt = scene.restored): Finding {
  const code = recode(suspect, effect, withIt)
  const { slug, describe, fix } = problemRow(code)
  const { detail, confidence, deviceId, eventId, icid, at, evidence, limit } = suspect
  return {
    code,
    confidence,
    at,
    entries: [...suspect.entries, ...consequences(scene, suspect, effect)],
    evidence,
    fix: { ...suspect.fix, says: suspect.fix.says || fix },
    // What a finding is not about, it does not have.
    ...(deviceId !== undefined && { deviceId }),
    ...(eventId !== undefined && { eventId }),
    ...(icid !== undefined && { icid }),
    ...(limit !== undefined && { limit }),
    slug,
    severity: effect.severity,
    errno: effect.errno,
    says: describe(detail as never, effect.lost.count),
    effect,
  }
}

const MOST_ROWS = 4

/** The entries that show what a suspect does: where KVM stops, which dead events come back, which live ones are lost. */
function consequences({ memory, tables: { mappings } }: Scene, { at, deviceId, eventId }: Suspect, effect: Effect): EntryView[] {
  const { stop, revived, lost } = effect
  const rows: (EntryView | undefined)[] = []
  if (stop?.at !== undefined && stop.kind !== undefined && stop.at !== at) {
    rows.push(entryAt(memory, stop.kind, stop.at, stop.place, 'KVM stops here'))
  }
  const event = (role: string) => (id: EventId) => {
    const itt = mappings.device(id[0])?.ittAddr
    if (itt === undefined || (id[0] === deviceId && id[1] === eventId)) return
    rows.push(entryAt(memory, 'ITE', (itt + id[1] * ENTRY_BYTES) as Gpa, place({ deviceId: id[0], eventId: id[1] }), role))
  }
  revived.first.slice(0, MOST_ROWS).forEach(event('comes back'))
  lost.first.slice(0, MOST_ROWS).forEach(event('lost'))
  return rows.filter((row) => row !== undefined)
}

/** What the problem of an entry is called follows from what the entry does. */
function recode(suspect: Suspect, effect: Effect, withIt: SimulatedRestore): ProblemCode {
  const codes = problemRow(suspect.code).recode
  if (codes === undefined) return suspect.code
  if (effect.lostDevices > 0 || effect.lost.first.some((id) => !isTaken(id, withIt))) {
    const code = codes.ending !== undefined && isLastOfChain(suspect) ? codes.ending : codes.hiding
    if (code !== undefined) return code as ProblemCode
  }
  return isVisited(suspect, effect, withIt) ? suspect.code : (codes.unvisited as ProblemCode)
}

/** The restore comes to the entry of such an event, and passes over it for its LPI: nothing hides it. */
const isTaken = ([deviceId, eventId]: EventId, { taken }: SimulatedRestore): boolean => taken.get(deviceId)?.has(eventId) === true

/** The entry, a DTE that was taken out to measure it, has next = 0. */
const isLastOfChain = ({ removal: [entry] }: Suspect): boolean => DTE.fields.next.get(...entry!.from) === 0

function isVisited({ deviceId, eventId, at }: Suspect, { severity, stop }: Effect, restored: SimulatedRestore): boolean {
  const { mappings } = restored
  if (eventId === undefined) return mappings.device(deviceId!) !== undefined || severity === 'fails'
  return mappings.row(deviceId!, eventId) >= 0 || isTaken([deviceId!, eventId], restored) || stop?.at === at
}
