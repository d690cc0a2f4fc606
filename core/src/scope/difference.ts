import { FIRST_LPI } from '../abi/index.ts'
import type { Model } from './model.ts'

/** The ways in which a restored state may differ from the one that was saved, as the kinds of wrong restore are named. */
export const differences = {
  collections: 'collections differ',
  lost: 'live device lost',
  back: 'dead device back',
  itt: 'another ITT',
  lostEvent: 'live event lost',
  backEvent: 'dead event back in a live device',
  otherwise: 'event goes elsewhere',
  lpi: 'an LPI has another vCPU',
  pending: 'a pending bit is lost or new',
  elsewhere: 'something is mapped that the scope does not name',
} as const

/** What differs between what two records have mapped, as a kind: the same words for the same differences; undefined where nothing does. */
export function kindOfDifference(model: Model, had: Uint8Array, has: Uint8Array, isNamed: boolean): string | undefined {
  const { shape, scope } = model
  const found = new Set<string>()
  if (!isNamed) found.add(differences.elsewhere)
  for (let i = 0; i < scope.collections; i++) {
    if (had[shape.collections + i] !== has[shape.collections + i]) found.add(differences.collections)
  }
  for (let place = 0; place < shape.devicePlaces; place++) deviceDifferences(model, had, has, place, found)
  if (shape.lpis >= 0) lpiDifferences(model, had, has, found)
  return found.size === 0 ? undefined : [...found].sort().join(' + ')
}

function deviceDifferences({ shape, scope }: Model, had: Uint8Array, has: Uint8Array, place: number, found: Set<string>): void {
  const [before, after] = [had[shape.devices + place]!, has[shape.devices + place]!]
  if (before === 0 && after === 0) return
  if (before === 0) found.add(differences.back)
  else if (after === 0) found.add(differences.lost)
  else {
    if (before !== after) found.add(differences.itt)
    for (let at = shape.events + place * scope.events, end = at + scope.events; at < end; at++) {
      if (had[at] === has[at]) continue
      found.add(had[at] === 0 ? differences.backEvent : has[at] === 0 ? differences.lostEvent : differences.otherwise)
    }
  }
}

/** Of LPIs that are there before and after: what else differs follows from the events. */
function lpiDifferences({ shape, scope, codes }: Model, had: Uint8Array, has: Uint8Array, found: Set<string>): void {
  for (let at = shape.lpis; at < shape.lpis + scope.lpis; at++) {
    const [before, after] = [had[at]!, has[at]!]
    if (before === 0 || after === 0) continue
    if (codes.lpiTargetOf(before) !== codes.lpiTargetOf(after)) found.add(differences.lpi)
    if (codes.isPendingOf(before) !== codes.isPendingOf(after)) found.add(differences.pending)
  }
}

/** What a record has mapped, in words: `ICID 0 vCPU 0 · DeviceID 0 ITT A: 0 LPI 8192 ICID 0`. */
export function mappedText(model: Model, record: Uint8Array): string {
  const { codes, scope, shape } = model
  const collections = [...record.subarray(shape.collections, shape.collections + scope.collections)].filter((code) => code !== 0)
  const listed = collections.map((code) => {
    const vcpu = codes.targetOf(code)
    return `ICID ${codes.icidOf(code)} ${vcpu < 0 ? 'no vCPU' : `vCPU ${vcpu}`}`
  })
  const devices: string[] = []
  for (let place = 0; place < shape.devicePlaces; place++) {
    const code = record[shape.devices + place]!
    if (code === 0) continue
    const events = Array.from({ length: scope.events }, (_, e) =>
      eventText(model, record[shape.events + place * scope.events + e]!, e),
    )
    const mapped = events.filter((text) => text !== undefined).join(', ')
    const id = scope.deviceIds[Math.floor(place / shape.copies)]!
    devices.push(`DeviceID ${id} ITT ${String.fromCharCode(64 + code)}${mapped === '' ? '' : `: ${mapped}`}`)
  }
  return [...listed, ...devices].join(' · ') || 'nothing'
}

function eventText({ codes }: Model, code: number, eventId: number): string | undefined {
  if (code === 0) return undefined
  const icid = codes.eventIcidOf(code)
  return `${eventId} LPI ${FIRST_LPI + codes.lpiOf(code)} ${icid === codes.detached ? 'no collection' : `ICID ${icid}`}`
}
