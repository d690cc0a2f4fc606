import { DTE, DTE_NEXT_CAP, ENTRY_BYTES, ITE, ITE_NEXT_CAP, L2_ENTRIES } from '../abi/index.ts'
import { deviceName, eventName, type MappedDevice, type Mappings } from '../audit/index.ts'
import type { Gpa } from '../memory/index.ts'
import type { Because, Cause, Overlay, Reason } from './overlay.ts'

/** Which entries a chain must not count on, and why it is mended. */
export interface ChainWork {
  isDeadDevice(deviceId: number): boolean
  isDeadEvent(deviceId: number, eventId: number): boolean
  /** What asks for the device table's chain to be mended; undefined to leave it alone. */
  readonly deviceChain: Cause | undefined
  /** The same for the chain of each device's ITT. */
  readonly eventChains: ReadonlyMap<number, Cause>
  /** Jumps that leave a second-level page end exactly at its end: kernels before 6.0.6 run past it otherwise. */
  readonly seal: boolean
  /** The device table has two levels. */
  readonly indirect: boolean
}

/** A valid entry of a table by its id: DeviceID or EventID. */
interface Entry {
  readonly id: number
  readonly at: Gpa
  readonly next: number
}

/**
 * Makes the chains visit every entry of `tables` that is not dead: rewrites a `next` that ends the chain early, jumps over an
 * entry, or follows the last one. A `next` that is too short but steps on nothing stays: the scan walks on to the right entry.
 *
 * @returns true when a word changed.
 */
export function mendChains(overlay: Overlay, tables: Mappings, work: ChainWork): boolean {
  let changed = false
  for (const device of tables.devices) {
    const { deviceId } = device
    const code = work.eventChains.get(deviceId) ?? (work.seal ? 'seal' : undefined)
    if (code === undefined || work.isDeadDevice(deviceId)) continue
    const isDead = (eventId: number) => work.isDeadEvent(deviceId, eventId)
    const name = (eventId: number) => eventName(deviceId, eventId)
    const chain = { ...ites, block: undefined, code, name, deviceOf: () => deviceId }
    changed = mendChain(overlay, eventsOf(tables, device), isDead, chain) || changed
  }
  const code = work.deviceChain ?? (work.seal ? 'seal' : undefined)
  if (code === undefined) return changed
  const devices = tables.devices.map(({ deviceId, at, next }) => ({ id: deviceId, at, next }))
  const isDead = (deviceId: number) => work.isDeadDevice(deviceId)
  const block = work.seal && work.indirect ? L2_ENTRIES : undefined
  return mendChain(overlay, devices, isDead, { ...dtes, block, code, name: deviceName, deviceOf: (id) => id }) || changed
}

function eventsOf({ events: { eventId, next } }: Mappings, { ittAddr, first, count }: MappedDevice): Entry[] {
  return Array.from({ length: count }, (_, i) => {
    const id = eventId[first + i]!
    return { id, at: (ittAddr + id * ENTRY_BYTES) as Gpa, next: next[first + i]! }
  })
}

const dtes = { kind: 'DTE', field: DTE.fields.next, cap: DTE_NEXT_CAP } as const
const ites = { kind: 'ITE', field: ITE.fields.next, cap: ITE_NEXT_CAP } as const

type Chain = (typeof dtes | typeof ites) & {
  readonly code: Cause
  readonly name: (id: number) => string
  readonly deviceOf: (id: number) => number
  /** Entries of a block that no jump may leave but to its end; undefined when a jump may go anywhere. */
  readonly block: number | undefined
}

function mendChain(overlay: Overlay, entries: readonly Entry[], isDead: (id: number) => boolean, chain: Chain): boolean {
  let changed = false
  let following: number | undefined
  /** The dead entry that stands nearest before `following`. */
  let stray: number | undefined
  for (const { id, at, next } of [...entries].reverse()) {
    if (isDead(id)) {
      stray ??= id
      continue
    }
    const distance = (following ?? id) - id
    const reach = chain.block === undefined ? chain.cap : Math.min(chain.cap, chain.block - (id % chain.block))
    const wanted = Math.min(distance, reach)
    // A shorter jump does as well, as long as every place it then steps on is empty.
    if (next > wanted || id + next <= (stray ?? id)) {
      const [lo, hi] = overlay.word(at)
      // `next` lies in the high half of both entries.
      const mask = chain.field.putHi(2 ** (chain.field.hi - chain.field.lo + 1) - 1)
      const reason = reasonOf(chain, id, following, next > wanted && next <= distance)
      changed = overlay.put(at, [lo, (hi & ~mask) | chain.field.putHi(wanted)], reason) || changed
    }
    following = id
    stray = undefined
  }
  return changed
}

/** Why the `next` of an entry is rewritten; `overruns`: it leads to the right entry, and leaves its second-level page on the way. */
function reasonOf({ code, kind, name, deviceOf }: Chain, id: number, following: number | undefined, overruns: boolean): Reason {
  const [because, why]: readonly [Because, string] = overruns
    ? ['jump leaves its page', 'kernels before 6.0.6 run past a second-level page unless the jump ends with it']
    : following === undefined
      ? ['last of its chain', 'it is the last of its chain']
      : ['next in its chain', `${name(following)} follows, ${following - id} on`]
  return { code: overruns ? 'seal' : code, kind, id: name(id), deviceId: deviceOf(id), because, why, proven: true }
}
