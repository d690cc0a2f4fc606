import { ENTRY_BYTES, HEAD_DTE, HEAD_ITE, HEAD_MAGIC } from '../abi/index.ts'
import { deviceName, type HeadPlace, headPlaces, type Scene } from '../audit/index.ts'
import type { Gpa } from '../memory/index.ts'
import { stamped } from '../seal/index.ts'
import { dteBlocks, ittBytes } from '../tables/index.ts'
import { type Because, CLEARED, type Overlay, type Word } from './overlay.ts'
import type { Spending } from './spending.ts'

/** How a repair leaves dummy heads: a true one in every place that needs and may have one, or none at all. */
export type WantedHeads = 'ours' | 'none'

/** Writes or clears the heads of the ITS of a scene. Every word that changes is one that no kernel without heads takes for an entry. */
export function writeHeads(overlay: Overlay, scene: Scene, wanted: WantedHeads, { account }: Spending): void {
  const places = headPlaces(scene)
  if (!account.take(places.length)) return
  const shared = wanted === 'ours' ? sharedItts(scene) : new Set<number>()
  let heads = 0
  for (const place of places) {
    const head = wanted === 'ours' && mayHave(scene, place, shared) ? headOf(place) : undefined
    if (head !== undefined) put(overlay, place, head)
    else if (place.head !== undefined && !isKept(place, wanted)) put(overlay, place, CLEARED)
    if (head !== undefined || (place.head !== undefined && isKept(place, wanted))) heads++
  }
  stamp(overlay, scene, heads > 0)
}

/** A true head stays where none of ours may be written. */
const isKept = ({ head, first }: HeadPlace, wanted: WantedHeads): boolean =>
  wanted === 'ours' && head?.isStale === false && first !== undefined

/** Nothing is written into memory that may not be the ITS's, or that two tables have. */
function mayHave({ beliefs }: Scene, { kind, deviceId, isFree }: HeadPlace, shared: ReadonlySet<number>): boolean {
  return isFree && (kind === 'DTE' || (beliefs.device(deviceId).belief === 'live' && !shared.has(deviceId)))
}

/** Undefined where nothing is live. */
function headOf({ kind, deviceId, first }: HeadPlace): Word | undefined {
  if (first === undefined) return undefined
  const { lo, hi } =
    kind === 'DTE'
      ? HEAD_DTE.encode({ magic: HEAD_MAGIC, first: first - deviceId })
      : HEAD_ITE.encode({ magic: HEAD_MAGIC, first })
  return [lo, hi]
}

function put(overlay: Overlay, { kind, at, deviceId }: HeadPlace, to: Word): void {
  const of = kind === 'DTE' ? 'at' : 'in the ITT of'
  const [because, why]: readonly [Because, string] =
    to === CLEARED
      ? ['head taken away', 'no head is to stand here']
      : ['head written', 'it names the first live entry of its table']
  const reason = {
    code: 'heads',
    kind: `head ${kind}`,
    id: `head ${of} ${deviceName(deviceId)}`,
    because,
    why,
    proven: true,
  } as const
  overlay.put(at, to, kind === 'DTE' ? reason : { ...reason, deviceId })
}

/** Says in the first CTE whether the heads of these tables may be believed. */
function stamp(overlay: Overlay, { view: { collectionTable } }: Scene, isStamped: boolean): void {
  const at = collectionTable.base as Gpa
  if (!collectionTable.valid || !overlay.memory.contains(at, ENTRY_BYTES) || !overlay.memory.isLoaded(at, ENTRY_BYTES)) return
  const why = isStamped ? 'it says that the heads of these tables may be believed' : 'these tables have no heads'
  const reason = { code: 'heads', kind: 'head CTE', id: 'first CTE', because: 'stamp of heads', why, proven: true } as const
  overlay.put(at, stamped(overlay.word(at), isStamped), reason)
}

interface Stretch {
  readonly base: number
  readonly end: number
  readonly deviceId?: number
}

/** The devices of the tables, dead ones too, whose ITT shares bytes with another's or with another table. */
function sharedItts({ memory, view: { deviceTable, collectionTable }, tables: { mappings } }: Scene): ReadonlySet<number> {
  const pages = dteBlocks(memory, deviceTable).map(({ base, entries }) => ({ base, end: base + entries * ENTRY_BYTES }))
  const tables = [deviceTable, collectionTable].filter(({ valid }) => valid)
  const stretches: Stretch[] = [
    ...tables.map(({ base, bytes }) => ({ base, end: base + bytes })),
    ...(deviceTable.indirect ? pages : []),
    ...mappings.devices.map(({ deviceId, ittAddr, eventIdBits }) => ({
      base: ittAddr,
      end: ittAddr + ittBytes(eventIdBits),
      deviceId,
    })),
  ].sort((a, b) => a.base - b.base)
  const shared = new Set<number>()
  let furthest: Stretch = { base: 0, end: 0 }
  for (const stretch of stretches) {
    if (stretch.base < furthest.end) {
      for (const { deviceId } of [stretch, furthest]) if (deviceId !== undefined) shared.add(deviceId)
    }
    if (stretch.end > furthest.end) furthest = stretch
  }
  return shared
}
