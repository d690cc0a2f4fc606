import { DTE_NEXT_CAP, ENTRY_BYTES, hex, hexWord, L2_ENTRIES } from '@vits/core/abi'
import { headsOf, headWords, type MappedDevice, orphansOf, type Scene } from '@vits/core/audit'
import type { Gpa } from '@vits/core/memory'
import type { PlannedWrite } from '@vits/core/repair'
import { objections, pendingLpis } from '@vits/core/tables'
import { type EventColumns, EventList, NO_ICID } from './event-columns.ts'
import type { Fate, Tone } from './fates.ts'
import { l1EntryOf, type Path, pathOf, type Scan, scanOf, slotOf } from './scan.ts'
import { type Life, livesOf } from './timeline.ts'

/** One device: what the guest did with it, what lies in RAM of it on the way of the scan, and what becomes of it. */
export interface Row {
  readonly deviceId: number
  /** What people call it: `virtio-blk 01:00.1`; empty where the file does not tell. */
  readonly label: string
  readonly belief: 'live' | 'dead' | 'unknown'
  readonly path: Path
  /** The how-manieth DTE it is that the scan reads; undefined where it does not. */
  readonly visit: number | undefined
  /** The scan reads it where no entry of the device table stands. */
  readonly isOutside: boolean
  /** Where its DTE lies, and its word; undefined where RAM has none. */
  readonly at: number | undefined
  readonly word: string | undefined
  /** Where its ITT is, and how many bytes it has; undefined without a valid entry. */
  readonly itt: { readonly at: number; readonly bytes: number } | undefined
  /** Its jump, as it is drawn: `+8`, `last`; empty where the scan does not make it. */
  readonly jump: string
  /** What a reader should know of the jump; empty for one that goes to the next entry. */
  readonly jumpNote: string
  /** Its events are `first` to `first + count` of the columns. */
  readonly first: number
  readonly count: number
  readonly lives: readonly Life[]
  /** What a restore makes of it, in a word or two. */
  readonly outcome: string
  readonly tone: Tone
  /** What the repair does to its DTE: `80020000_08804743 -> 0`. */
  readonly repaired: string | undefined
}

/** A page of the device table, above the rows that lie in it. */
export interface Page {
  readonly index: number
  readonly at: number
  /** Undefined where the first-level entry is not valid: the devices below are not in the table at all. */
  readonly page: number | undefined
  /** What a dummy head at its beginning says; empty without one. */
  readonly head: string
}

/** Every device that somebody names, by DeviceID, which is the order of the scan. */
export interface DeviceRows {
  readonly rows: readonly Row[]
  readonly events: EventColumns
  /** Of a table of two levels. */
  readonly pages: readonly Page[]
}

/** The rows of one ITS; `writes`: what a repair changed to make this state, whose cleared entries stay in their places. */
export function deviceRows(scene: Scene, writes: readonly PlannedWrite[] = []): DeviceRows {
  const builder = new Builder(scene, writes)
  const rows = builder.deviceIds().map((deviceId) => builder.row(deviceId))
  return { rows, events: builder.events.columns(), pages: pagesOf(scene, rows) }
}

class Builder {
  readonly events = new EventList()
  readonly #scene: Scene
  readonly #scan: Scan
  readonly #lives: ReadonlyMap<number, readonly Life[]>
  readonly #pending: ReadonlyMap<number, ReadonlySet<number>>
  readonly #cleared: ReadonlyMap<number, readonly PlannedWrite[]>

  constructor(scene: Scene, writes: readonly PlannedWrite[]) {
    this.#scene = scene
    this.#scan = scanOf(scene)
    this.#lives = livesOf(scene)
    this.#pending = pendingOn(scene)
    this.#cleared = clearings(writes, scene.its.index)
  }

  /** Those in the tables, those that are live, those that the scan reads elsewhere, and those that a repair took out. */
  deviceIds(): readonly number[] {
    const { tables, beliefs } = this.#scene
    const { visits, last } = this.#scan
    const inTables = tables.mappings.devices.map(({ deviceId }) => deviceId)
    const all = [...inTables, ...beliefs.live.devices, ...visits.keys(), ...(last < 0 ? [] : [last]), ...this.#cleared.keys()]
    return [...new Set(all)].sort((a, b) => a - b)
  }

  row(deviceId: number): Row {
    const scene = this.#scene
    const device = scene.tables.mappings.device(deviceId)
    const first = this.events.length
    const cells = this.#eventIds(deviceId, device).map((eventId) => this.#fate(deviceId, eventId))
    const entry = this.#entry(deviceId, device)
    const path = entry.at === undefined ? this.#pathWithoutEntry(deviceId) : pathOf(this.#scan, deviceId)
    const belief = this.#belief(deviceId)
    const gone = this.#cleared.get(deviceId)?.find(({ kind }) => kind === 'DTE')
    const isGone = gone !== undefined && device === undefined
    return {
      deviceId,
      label: scene.names.label(deviceId),
      belief,
      path: isGone ? 'jumped' : path,
      visit: this.#scan.visits.get(deviceId)?.order,
      ...entry,
      itt: device === undefined ? undefined : { at: device.ittAddr, bytes: ENTRY_BYTES * 2 ** device.eventIdBits },
      ...this.#jump(deviceId),
      first,
      count: this.events.length - first,
      lives: this.#lives.get(deviceId) ?? [],
      ...(isGone ? { outcome: 'cleared', tone: 'soft' as const } : this.#outcome(path, belief, cells)),
      repaired: gone === undefined ? undefined : `${hexWord(...gone.from)} -> 0`,
    }
  }

  #belief(deviceId: number): Row['belief'] {
    const { beliefs } = this.#scene
    if (beliefs.live.hasDevice(deviceId)) return 'live'
    return orphansOf(this.#scene).orphans.hasDevice(deviceId) || this.#cleared.has(deviceId) ? 'dead' : 'unknown'
  }

  #entry(deviceId: number, device: MappedDevice | undefined): Pick<Row, 'at' | 'word' | 'isOutside'> {
    const { memory } = this.#scene
    const { end } = this.#scan
    const read = this.#scan.visits.get(deviceId)?.entry.at
    const stopped = end.by === 'objection' && end.objection.where.deviceId === deviceId ? stopAt(end.objection.where) : undefined
    const at = read ?? device?.at ?? stopped
    if (at === undefined) return { at: undefined, word: undefined, isOutside: false }
    const isThere = memory.contains(at, ENTRY_BYTES) && memory.isLoaded(at, ENTRY_BYTES)
    const word = isThere ? hexWord(memory.u32(at), memory.u32((at + 4) as Gpa)) : undefined
    return { at, word, isOutside: slotOf(this.#scene, deviceId) !== at }
  }

  #pathWithoutEntry(deviceId: number): Path {
    const path = pathOf(this.#scan, deviceId)
    return path === 'stop' ? path : 'absent'
  }

  #jump(deviceId: number): Pick<Row, 'jump' | 'jumpNote'> {
    const entry = this.#scan.visits.get(deviceId)?.entry
    if (entry === undefined) return { jump: '', jumpNote: '' }
    if (entry.last) return { jump: 'last', jumpNote: 'next is 0: the scan ends here.' }
    const distance = entry.jumped + 1
    const to = deviceId + distance
    const { indirect } = this.#scene.view.deviceTable
    const leaves = indirect && Math.floor(to / L2_ENTRIES) > Math.floor(deviceId / L2_ENTRIES)
    const notes = [
      entry.capped ? `The field holds no more than ${DTE_NEXT_CAP}: the entry it was made for may be farther away.` : '',
      leaves ? `The jump leaves its page, which ends at DeviceID ${hex(pageEnd(deviceId))}.` : '',
      entry.hidden > 0 ? `It hides ${entry.hidden} valid ${entry.hidden === 1 ? 'entry' : 'entries'}.` : '',
    ]
    return { jump: `+${distance}${leaves ? '⤓' : ''}`, jumpNote: notes.filter((note) => note !== '').join(' ') }
  }

  /** Those of the tables, those that are live, and those that a repair took out. */
  #eventIds(deviceId: number, device: MappedDevice | undefined): readonly number[] {
    const { tables, beliefs } = this.#scene
    const { first = 0, count = 0 } = device ?? {}
    const isLacking = (eventId: number) => tables.mappings.row(deviceId, eventId) < 0 && beliefs.live.hasEvent(deviceId, eventId)
    const lacking = beliefs.eventIds(deviceId).filter(isLacking)
    const own = [...tables.mappings.events.eventId.subarray(first, first + count)]
    const gone = device === undefined ? [] : this.#clearedEvents(deviceId, device)
    if (lacking.length + gone.length === 0) return own
    return [...new Set([...own, ...lacking, ...gone])].sort((a, b) => a - b)
  }

  #clearedEvents(deviceId: number, { ittAddr }: MappedDevice): number[] {
    const entries = (this.#cleared.get(deviceId) ?? []).filter(({ kind }) => kind === 'ITE')
    return entries.map(({ at }) => (at - ittAddr) / ENTRY_BYTES)
  }

  /** Adds the event to the columns. */
  #fate(deviceId: number, eventId: number): Fate {
    const { tables, beliefs } = this.#scene
    const row = tables.mappings.row(deviceId, eventId)
    const target = beliefs.target(deviceId, eventId)
    const isThere = row >= 0
    const lpi = isThere ? tables.mappings.events.lpi[row]! : (target.lpi ?? 0)
    const icid = isThere ? tables.mappings.events.icid[row]! : (target.icid ?? NO_ICID)
    const fate = this.#fateOf(deviceId, eventId, isThere)
    this.events.add({ eventId, lpi, icid, fate, isPending: this.#isPending(lpi, icid) })
    return fate
  }

  #isPending(lpi: number, icid: number): boolean {
    const { tables, beliefs } = this.#scene
    const vcpuId = tables.mappings.collections.get(icid) ?? beliefs.history.collections.get(icid)?.rdBase
    return vcpuId !== undefined && this.#pending.get(vcpuId)?.has(lpi) === true
  }

  #fateOf(deviceId: number, eventId: number, isInTables: boolean): Fate {
    const { restored, beliefs } = this.#scene
    const { objection, mappings } = restored
    const where = objection?.where
    if (where?.deviceId === deviceId && where.eventId === eventId) return 'stop'
    const isLive = beliefs.live.hasEvent(deviceId, eventId)
    if (!isInTables) return isLive ? 'absent' : 'cleared'
    const isDead = !isLive && orphansOf(this.#scene).orphans.hasEvent(deviceId, eventId)
    const row = mappings.row(deviceId, eventId)
    if (objection !== undefined) {
      if (isDead) return 'stale'
      if (!isLive) return 'unread'
      const isBeforeStop = where?.deviceId === deviceId && eventId < (where.eventId ?? 0)
      return row >= 0 || isBeforeStop ? 'dropped' : 'lost'
    }
    if (row < 0) return isDead ? 'stale' : isLive ? 'lost' : 'unread'
    if (isDead) return 'revived'
    if (!isLive) return 'unsure'
    const { lpi, icid } = beliefs.target(deviceId, eventId)
    const isSame =
      (lpi ?? mappings.events.lpi[row]) === mappings.events.lpi[row] &&
      (icid ?? mappings.events.icid[row]) === mappings.events.icid[row]
    return isSame ? 'back' : 'altered'
  }

  #outcome(path: Path, belief: Row['belief'], cells: readonly Fate[]): Pick<Row, 'outcome' | 'tone'> {
    const { objection } = this.#scene.restored
    if (path === 'stop') return { outcome: stopWords(this.#scan), tone: 'bad' }
    const isRead = path === 'visited'
    if (objection !== undefined) {
      if (belief === 'dead') return { outcome: 'stale', tone: 'warn' }
      if (path === 'absent') return { outcome: 'not in RAM', tone: 'bad' }
      if (belief === 'unknown') return { outcome: isRead ? 'dropped' : 'not read', tone: 'soft' }
      return isRead ? { outcome: 'dropped', tone: 'soft' } : { outcome: 'lost', tone: 'bad' }
    }
    if (path === 'absent') return { outcome: 'not in RAM', tone: 'bad' }
    if (!isRead)
      return belief === 'dead'
        ? { outcome: 'stale', tone: 'warn' }
        : belief === 'live'
          ? { outcome: 'lost', tone: 'bad' }
          : { outcome: 'not read', tone: 'soft' }
    return backWords(belief, cells)
  }
}

function backWords(belief: Row['belief'], cells: readonly Fate[]): Pick<Row, 'outcome' | 'tone'> {
  const count = (...of: readonly Fate[]) => cells.filter((fate) => of.includes(fate)).length
  const [lost, altered, revived, back] = [count('lost', 'absent'), count('altered'), count('revived'), count('back', 'unsure')]
  if (belief === 'dead') return { outcome: 'dead, back', tone: 'warn' }
  if (lost > 0) return { outcome: `${lost} lost`, tone: 'bad' }
  if (altered > 0) return { outcome: `${altered} altered`, tone: 'bad' }
  if (revived > 0) return { outcome: `${revived} dead back`, tone: 'warn' }
  return { outcome: `${back} back`, tone: belief === 'live' ? 'good' : 'soft' }
}

function stopWords({ end }: Scan): string {
  return end.by === 'objection' ? objections[end.objection.name].errno : 'stops'
}

const stopAt = ({ what, at }: { readonly what?: string | undefined; readonly at?: Gpa | undefined }): Gpa | undefined =>
  what === 'DTE' ? at : undefined

/** The entries that a repair clears in the tables of one ITS, by DeviceID. */
function clearings(writes: readonly PlannedWrite[], its: number): ReadonlyMap<number, readonly PlannedWrite[]> {
  const found = new Map<number, PlannedWrite[]>()
  for (const write of writes) {
    if (write.its !== its || write.deviceId === undefined || write.to[0] !== 0 || write.to[1] !== 0) continue
    const known = found.get(write.deviceId)
    if (known === undefined) found.set(write.deviceId, [write])
    else known.push(write)
  }
  return found
}

const pageEnd = (deviceId: number): number => (Math.floor(deviceId / L2_ENTRIES) + 1) * L2_ENTRIES - 1

/** The LPIs that are pending, by the vCPU in whose table their bits are. */
function pendingOn({ memory, registers }: Scene): ReadonlyMap<number, ReadonlySet<number>> {
  return new Map(registers.redistributors.map(({ vcpuId, pendbaser }) => [vcpuId, new Set(pendingLpis(memory, pendbaser).lpis)]))
}

function pagesOf(scene: Scene, rows: readonly Row[]): readonly Page[] {
  if (!scene.view.deviceTable.indirect) return []
  const heads = new Map(headsOf(scene).flatMap((head) => (head.kind === 'DTE' ? [[head.at as number, head] as const] : [])))
  const indexes = [...new Set(rows.map(({ deviceId }) => Math.floor(deviceId / L2_ENTRIES)))]
  return indexes.flatMap((index) => {
    const entry = l1EntryOf(scene, index * L2_ENTRIES)
    if (entry === undefined) return []
    const head = entry.page === undefined ? undefined : heads.get(entry.page)
    return [{ index, at: entry.at, page: entry.page, head: head === undefined ? '' : `dummy head ${headWords(head)}` }]
  })
}
