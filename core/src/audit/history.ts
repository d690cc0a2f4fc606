import { COMMAND_BYTES, type ItsRegisters } from '../abi/index.ts'
import type { ReadonlyMemory } from '../memory/index.ts'
import { type CanBeMapped, type CollectionRecord, type DeviceRecord, type EventIdBits, Replay } from './replay.ts'
import { commandIn, lastSlotInUse, namedIn, openRing, type Ring, touchedBy } from './ring.ts'
import type { RuleOf } from './witness-rules.ts'

/** How much of all the commands that the guest ever sent its ITS is still in the ring. */
export type HistoryState =
  /** Everything since the ITS was first enabled: what is not mapped here is not mapped. */
  | 'whole'
  /** The ring has gone round: the oldest commands are overwritten. */
  | 'wrapped'
  /** The guest began again at slot 0 without clearing the ring and did not map everything anew, as after a suspend: what came before is lost in part. */
  | 'restarted'
  /** Slots the ITS has executed hold no command: the pages are lost, cleared or overwritten, and nothing here can be trusted. */
  | 'damaged'
  /** No command was ever executed. */
  | 'empty'
  /** There is no ring to read: GITS_CBASER is not valid or outside RAM, or CREADR is outside the queue. */
  | 'unreadable'

/** The guest's own word: its commands, replayed. Bounded by the ring, 32,768 commands at most. */
export interface History {
  readonly state: HistoryState
  /** Executed commands still in the ring. */
  readonly commands: number
  /** Commands between CREADR and CWRITER: written, not executed. */
  readonly pending: number
  /** Devices that pending commands name: what the guest has mapped of them is about to change. */
  readonly touched: ReadonlySet<number>
  /** Executed slots that hold no command known here. */
  readonly unknown: number
  readonly collections: ReadonlyMap<number, CollectionRecord>
  readonly devices: ReadonlyMap<number, DeviceRecord>
  /** Devices that the ring names and of which it is not believed, each with the rule that keeps it silent. */
  readonly doubted: ReadonlyMap<number, Doubt>
}

type Doubt = RuleOf<'command queue', 'silent'>

/** What is known of an ITS beside its ring: it tells whether the ring begins with the life that the ITS lives now. */
export interface Life {
  /** KVM refuses a pINTID from here on. */
  readonly lpiLimit?: number
  /** The collections of the collection table. */
  readonly icids?: ReadonlySet<number>
  /** What the tables leave possible. */
  readonly canBeMapped?: CanBeMapped
  /** What the tables tell of the room that devices have. */
  readonly eventIdBits?: EventIdBits
  /** Others know of mappings that this history would not have. */
  readonly denies?: (history: History) => boolean
  /** Whether the PCI functions of a device show that what the ring tells of it is of this life; undefined where they do not tell. */
  readonly isCurrent?: (device: DeviceRecord) => boolean | undefined
}

/**
 * Replays the command queue in guest RAM up to CREADR: the guest's view of what it has mapped. Linux never clears the ring, so
 * executed commands stay until they are overwritten.
 *
 * A history counts as whole only if it explains itself: it begins with a MAPC, names every collection of the collection table,
 * every command is known, none names a device, event or collection that none before it mapped, and nobody denies it. What lies
 * behind CWRITER in such a ring is of an earlier life of the ITS, and void; a ring that is full to its last slot may as well have gone
 * round, a MAPC being the first of its lap.
 */
export function readHistory(memory: ReadonlyMemory, its: ItsRegisters, life: Life = {}): History {
  const ring = openRing(memory, its)
  if (ring === undefined) return historyOf('unreadable', new Replay())
  const { slots, used, read, write } = ring
  const pending = (write - read + slots) % slots
  const waiting = { pending, touched: touchedBy(ring, pending) }
  const lastUsed = lastSlotInUse(ring)
  const fromStart = write >= read
  const blankBehind = fromStart && lastUsed < write
  if (blankBehind && read === 0) return historyOf('empty', new Replay(), waiting)
  const isFull = lastUsed >= used - 1
  const begun = fromStart && read > 0 ? lifeFromStart(ring, life) : undefined
  if (begun?.unexplained === 0 && (blankBehind || (!isFull && isNewLife(begun))))
    return { ...historyOf('whole', begun), ...waiting }
  const replay = new Replay({ ...life, lost: true, unwrapped: blankBehind })
  // Where an ITS may have gone on at slot 0 of a full ring, nobody knows in what order the rest was written.
  const inOrder = !fromStart || lastUsed < slots - 1 || !mapsCollection(ring, 0)
  if (inOrder) replay.run(ring, write, fromStart ? lastUsed + 1 : read)
  if (fromStart) replay.run(ring, 0, read)
  if (replay.blank + replay.unknown > 0) return historyOf('damaged', replay, waiting)
  const begunAnew = fromStart && !isFull
  const history = historyOf(begunAnew ? 'restarted' : 'wrapped', replay, waiting)
  const old = begunAnew && !blankBehind ? ring.base + write * COMMAND_BYTES : undefined
  const isOver = old !== undefined && isOtherLife(ring, life)
  return { ...history, ...believed(replay, { ...life, begun, old, isOver, foreign: namedIn(ring, used, slots) }) }
}

interface Doubts extends Life {
  /** The commands since slot 0, where they may be all of this life. */
  readonly begun: Replay | undefined
  /** Where the commands begin that the ring held before, when the guest began anew at slot 0. */
  readonly old: number | undefined
  /** What those mapped is gone. */
  readonly isOver: boolean
  /** Devices that slots name which are not the guest's. */
  readonly foreign: ReadonlySet<number>
}

/**
 * What is left of the mappings that a ring tells whose beginning is lost. Of a driver that names what is not mapped, a command
 * shows nothing but itself. Where an ITS may have been set up anew at slot 0, only what was mapped since is sure to be of this
 * life, and what the PCI functions show to be; what KVM cannot have had when it saved is of none.
 */
function believed(
  { devices, collections, errs }: Replay,
  { canBeMapped = () => true, isCurrent = () => undefined, begun, old, isOver, foreign }: Doubts,
): Pick<History, 'collections' | 'devices' | 'doubted'> {
  const kept = new Map<number, DeviceRecord>()
  const doubted = new Map<number, Doubt>([...foreign].map((deviceId) => [deviceId, 'R-ring-tail']))
  for (const [deviceId, told] of devices) {
    const since = begun?.devices.get(deviceId)
    const isPast = begun !== undefined && since?.mapped !== true
    const record = told.mapped && !isPast ? (since ?? told) : told
    if (!record.mapped) kept.set(deviceId, record)
    else if ((isPast || (isOver && isFrom(record, old!))) && isCurrent(record) !== true) doubted.set(deviceId, 'R-ring-restart')
    else if (old !== undefined && (!canBeMapped(deviceId) || (isFrom(record, old) && isCurrent(record) === false))) {
      doubted.set(deviceId, 'R-ring-restart')
    } else if (errs && !record.whole) doubted.set(deviceId, 'R-ring-refused')
    else kept.set(deviceId, record)
  }
  const since = begun?.collections ?? (isOver ? before(collections, old!) : undefined)
  return { collections: since === undefined ? collections : ofThisLife(collections, since, kept), devices: kept, doubted }
}

/** The collections that are mapped since slot 0, or that events of this life are in. */
function ofThisLife(
  collections: ReadonlyMap<number, CollectionRecord>,
  since: ReadonlyMap<number, CollectionRecord>,
  devices: ReadonlyMap<number, DeviceRecord>,
): ReadonlyMap<number, CollectionRecord> {
  const used = new Set<number | undefined>()
  for (const { events } of devices.values()) for (const { icid } of events.values()) used.add(icid)
  return new Map([...collections].filter(([icid]) => since.has(icid) || used.has(icid)))
}

/** Those whose MAPC stands before a place in the ring. */
const before = (collections: ReadonlyMap<number, CollectionRecord>, place: number) =>
  new Map([...collections].filter(([, { at }]) => at < place))

/** All that is known of the device stands in the ring from there on. */
const isFrom = ({ at, events }: DeviceRecord, from: number): boolean =>
  at >= from && [...events.values()].every((event) => event.at >= from)

/**
 * The commands from slot 0 to CREADR, where they may be all that the ITS was ever told in this life: they begin with a MAPC, and
 * nobody knows of more. They are that for sure when they explain themselves.
 */
function lifeFromStart(ring: Ring, life: Life): Replay | undefined {
  if (!mapsCollection(ring, 0)) return undefined
  const replay = new Replay(life)
  replay.run(ring, 0, ring.read)
  if (replay.blank + replay.unknown > 0 || hasMore(life.icids, replay)) return undefined
  return life.denies?.(historyOf('whole', replay)) === true ? undefined : replay
}

/** So begins the ring of an ITS that is set up, and of one that goes on after a suspend. */
function mapsCollection(ring: Ring, slot: number): boolean {
  const command = commandIn(ring, slot)
  return command?.name === 'MAPC' && command.args.valid
}

/**
 * The ITS was set up anew at slot 0 by a guest that maps no collection first, or has sent nothing since, and KVM saved no collection beside
 * those of this life: what the ring held before it has forgotten. Where it is not known what KVM saved, it may have gone on.
 */
function isOtherLife(ring: Ring, life: Life): boolean {
  if (life.icids === undefined || (ring.read > 0 && mapsCollection(ring, 0))) return false
  const replay = new Replay(life)
  replay.run(ring, 0, ring.read)
  return !hasMore(life.icids, replay)
}

/** KVM saved all collections of this life and more. A list that lacks one of them is not what KVM saved, and tells nothing. */
function hasMore(icids: ReadonlySet<number> = new Set(), { collections }: Replay): boolean {
  const isSaved = [...collections].every(([icid, { rdBase }]) => rdBase === undefined || icids.has(icid))
  return isSaved && [...icids].some((icid) => !collections.has(icid))
}

/** A ring that goes on behind CWRITER is another life's there only where this one has mapped something. */
const isNewLife = ({ devices }: Replay): boolean => [...devices.values()].some(({ mapped }) => mapped)

const NOTHING_WAITS = { pending: 0, touched: new Set<number>() } as const

function historyOf(
  state: HistoryState,
  { commands, unknown, collections, devices }: Replay,
  waiting: Pick<History, 'pending' | 'touched'> = NOTHING_WAITS,
): History {
  return { state, commands, unknown, collections, devices, doubted: new Map(), ...waiting }
}
