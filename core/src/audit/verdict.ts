import type { Errno } from '../memory/index.ts'
import type { Beliefs, Place } from './beliefs.ts'
import { EventCounter } from './effect.ts'
import type { EventList, Suspect } from './finding.ts'
import type { MappedDevice, Mappings } from './mappings.ts'
import { owedInterrupts } from './notifications.ts'
import { hiddenDevices } from './passes/hidden.ts'
import { orphansOf } from './passes/orphans.ts'
import type { Scene } from './scene.ts'
import type { SimulatedRestore } from './simulate.ts'

/** What the next restore does. */
export type Verdict =
  /** It succeeds and brings back what the guest has mapped. */
  | 'restores'
  /** It succeeds, and the guest loses, gains or misdirects interrupts. */
  | 'corrupts'
  /** It fails with an errno. */
  | 'fails'
  /**
   * No harm was found, and not everything was looked at: a limit was reached, or the file does not hold or place it. Or what the restore
   * does hangs on what is unknown of the kernel.
   */
  | 'undecided'

/** What a restore loses and gains against what the guest has mapped. */
export interface Damage {
  /** Live events that do not come back. */
  readonly lost: EventList
  /** Dead events that do. */
  readonly revived: EventList
  /** Live events that come back with another LPI, collection or target. */
  readonly misdirected: EventList
  readonly lostDevices: number
  /** Live devices that come back with another ITT or size: the next save writes into memory that the guest has freed. */
  readonly misplacedDevices: number
  readonly lostCollections: number
  /** Devices that may be live and do not come back, or not with all events that may be live: an entry before them may be stale and hide them. */
  readonly hiddenDevices: number
  /** Events that come back, and whose interrupt was lost before the save: their drivers wait for them. */
  readonly lostInterrupts: EventList
}

/** What the registers alone do, before a table is read. */
export interface RegisterHarm {
  readonly errno: Errno | undefined
  readonly corrupts: boolean
}

/** Events of each kind that are named. */
const KEPT = 1024

/** What findings about registers come to. */
export function registerHarm(suspects: Iterable<Suspect>): RegisterHarm {
  let [errno, corrupts]: [Errno | undefined, boolean] = [undefined, false]
  for (const { effect } of suspects) {
    if (effect?.severity === 'fails') errno ??= effect.errno
    if (effect?.severity === 'corrupts') corrupts = true
  }
  return { errno, corrupts }
}

const NONE: EventList = { count: 0, first: [] }

/** Nothing is known to be lost or gained. */
export const NO_DAMAGE: Damage = {
  lost: NONE,
  revived: NONE,
  misdirected: NONE,
  lostDevices: 0,
  misplacedDevices: 0,
  lostCollections: 0,
  hiddenDevices: 0,
  lostInterrupts: NONE,
}

/** What a restore of a scene loses and gains: of one that was not followed to its end, nothing is known. */
export function damage(scene: Scene, restored: SimulatedRestore): Damage {
  if (restored.cut !== undefined) return NO_DAMAGE
  const { beliefs } = scene
  const { mappings } = restored
  const { orphans } = orphansOf(scene)
  const [lost, revived, misdirected] = [new EventCounter(KEPT), new EventCounter(KEPT), new EventCounter(KEPT)]
  const lostInterrupts = new EventCounter(KEPT)
  let [lostDevices, misplacedDevices, lostCollections] = [0, 0, 0]
  for (const { deviceId, first, count } of mappings.devices) {
    for (let row = first; row < first + count; row++) {
      const eventId = mappings.events.eventId[row]!
      if (orphans.hasEvent(deviceId, eventId)) revived.add(deviceId, eventId)
    }
  }
  for (const deviceId of beliefs.live.devices) {
    const device = mappings.device(deviceId)
    if (device === undefined) lostDevices++
    else if (isMisplaced(device, beliefs.place(deviceId))) misplacedDevices++
  }
  for (const [deviceId, eventId] of beliefs.live.events()) {
    const row = mappings.row(deviceId, eventId)
    if (row < 0) lost.add(deviceId, eventId)
    else if (isMisdirected(mappings, row, beliefs, deviceId, eventId)) misdirected.add(deviceId, eventId)
  }
  for (const [icid, { rdBase }] of beliefs.history.collections) {
    if (rdBase !== undefined && !mappings.collections.has(icid)) lostCollections++
  }
  const hidden = hiddenDevices(scene, restored).size
  for (const { isProven, device, eventId } of owedInterrupts(scene)) {
    if (isProven && mappings.row(device.deviceId, eventId) >= 0) lostInterrupts.add(device.deviceId, eventId)
  }
  const devices = { lostDevices, misplacedDevices, hiddenDevices: hidden }
  return { lost, revived, misdirected, ...devices, lostCollections, lostInterrupts }
}

/** The device comes back with another ITT or size than the guest gave it. */
export function isMisplaced({ ittAddr, eventIdBits }: MappedDevice, place: Place): boolean {
  if (place.ittAddr === undefined) return false
  return place.ittAddr !== ittAddr || (place.eventIdBits ?? eventIdBits) !== eventIdBits
}

/** What the guest said of the event, where its command is still there, against what comes back. */
function isMisdirected(
  { events, collections }: Mappings,
  row: number,
  beliefs: Beliefs,
  deviceId: number,
  eventId: number,
): boolean {
  const target = beliefs.target(deviceId, eventId)
  const [lpi, icid] = [events.lpi[row]!, events.icid[row]!]
  if ((target.lpi ?? lpi) !== lpi || (target.icid ?? icid) !== icid) return true
  const rdBase = beliefs.history.collections.get(icid)?.rdBase
  return rdBase !== undefined && rdBase !== collections.get(icid)
}

/** The worst of several. */
export const worst = (verdicts: readonly Verdict[]): Verdict =>
  (['fails', 'corrupts', 'undecided'] as const).find((verdict) => verdicts.includes(verdict)) ?? 'restores'

/** What several ITSes of a VM lose and gain together. */
export function together(damages: readonly Damage[]): Damage {
  const lists = (of: (one: Damage) => EventList): EventList => ({
    count: sum(damages.map((one) => of(one).count)),
    first: damages.flatMap((one) => of(one).first).slice(0, KEPT),
  })
  return {
    lost: lists(({ lost }) => lost),
    revived: lists(({ revived }) => revived),
    misdirected: lists(({ misdirected }) => misdirected),
    lostDevices: sum(damages.map(({ lostDevices }) => lostDevices)),
    misplacedDevices: sum(damages.map(({ misplacedDevices }) => misplacedDevices)),
    lostCollections: sum(damages.map(({ lostCollections }) => lostCollections)),
    hiddenDevices: sum(damages.map(({ hiddenDevices }) => hiddenDevices)),
    lostInterrupts: lists(({ lostInterrupts }) => lostInterrupts),
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

/** What a restore comes to; `isSeen`: everything was looked at. What was not can only make it worse. */
export function verdictOf({ objection }: SimulatedRestore, registers: RegisterHarm, harm: Damage, isSeen: boolean): Verdict {
  if (objection !== undefined || registers.errno !== undefined) return 'fails'
  const { lost, revived, misdirected, lostDevices, misplacedDevices, lostCollections, hiddenDevices, lostInterrupts } = harm
  const devices = lostDevices + misplacedDevices + hiddenDevices
  const harmed = lost.count + revived.count + misdirected.count + devices + lostCollections + lostInterrupts.count > 0
  if (registers.corrupts || harmed) return 'corrupts'
  return isSeen ? 'restores' : 'undecided'
}
