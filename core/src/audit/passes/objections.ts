import { CTE, DTE, ENTRY_BYTES, ITE, L1E, L2_ENTRIES, LPI_LIMIT } from '../../abi/index.ts'
import type { Gpa, GuestMemory, Where } from '../../memory/index.ts'
import type { Objection, ObjectionName } from '../../tables/index.ts'
import { clearing } from '../effect.ts'
import { type EntryKind, entryAt } from '../entries.ts'
import { cleared, evidence, type Suspect, suspect, type WordWrite } from '../finding.ts'
import { liveWords } from '../live-words.ts'
import { place } from '../names.ts'
import type { Detail, ProblemCode } from '../problems/index.ts'
import type { Scene } from '../scene.ts'
import type { RuleName } from '../witness-rules.ts'

/** An objection with what is needed to explain it. */
interface Case {
  readonly scene: Scene
  readonly memory: GuestMemory
  readonly at: Gpa
  readonly lo: number
  readonly hi: number
  readonly deviceId: number
  readonly eventId: number
  readonly icid: number
}

/** An entry to blame. */
interface Culprit {
  readonly kind: EntryKind
  readonly at: Gpa
}

/** The problem, and the entry to blame if there is one. */
interface Blame {
  readonly code: ProblemCode
  readonly detail: Detail<ProblemCode>
  readonly entry: Culprit | undefined
}

function blame<C extends ProblemCode>(code: C, detail: Detail<C>, entry?: Culprit): Blame {
  return { code, detail: detail as Detail<ProblemCode>, entry }
}

/** What an objection is called. Those of one kernel alone may have no row: then the verdict tells of it, and no finding. */
const blames: Readonly<Partial<Record<ObjectionName, (c: Case) => Blame | undefined>>> = {
  'cte-unreadable': ({ scene }) => blame('C104', scene.view.collectionTable),
  'cte-target': ({ scene, icid, at, lo, hi }) =>
    blame('C101', { icid, rdBase: CTE.decode(lo, hi).rdBase, vcpus: scene.view.vcpuIds.length }, { kind: 'CTE', at }),
  'cte-duplicate': ({ icid, at }) => blame('C102', { icid }, { kind: 'CTE', at }),
  'cte-unstorable': ({ scene, icid, at }) =>
    blame('C103', { icid, entries: scene.view.collectionTable.bytes / ENTRY_BYTES }, { kind: 'CTE', at }),
  'l1e-unreadable': ({ scene }) => blame('D201', scene.view.deviceTable),
  'dte-unreadable': ({ scene, memory, deviceId }) => {
    const { indirect, base, bytes } = scene.view.deviceTable
    if (!indirect) return blame('D201', { base, bytes })
    const at = (base + Math.floor(deviceId / L2_ENTRIES) * ENTRY_BYTES) as Gpa
    return blame('D210', { deviceId, l2: L1E.decode(memory.u32(at), memory.u32((at + 4) as Gpa)).l2Addr }, { kind: 'L1E', at })
  },
  'dte-size': ({ deviceId, at, lo, hi }) => blame('D202', { deviceId, bits: DTE.decode(lo, hi).size + 1 }, { kind: 'DTE', at }),
  'no-last-dte': ({ scene }) =>
    blame('D214', { devices: scene.tables.mappings.devices.filter(({ count }) => count === 0).length }),
  'ite-unreadable': ({ scene, deviceId }) => {
    const dte = scene.tables.mappings.device(deviceId)
    if (dte === undefined) return undefined
    return blame(
      'D205',
      { deviceId, ittAddr: dte.ittAddr, bytes: 2 ** dte.eventIdBits * ENTRY_BYTES },
      { kind: 'DTE', at: dte.at },
    )
  },
  'ite-pintid': ({ deviceId, eventId, at, lo, hi }) =>
    blame('I301', { deviceId, eventId, pintid: ITE.decode(lo, hi).pintid, limit: LPI_LIMIT }, { kind: 'ITE', at }),
  'ite-next': ({ scene, deviceId, eventId, at, lo, hi }) => {
    const events = 2 ** (scene.tables.mappings.device(deviceId)?.eventIdBits ?? 0)
    return blame('I306', { deviceId, eventId, next: ITE.decode(lo, hi).next, events }, { kind: 'ITE', at })
  },
  'ite-icid': ({ deviceId, eventId, at, lo, hi }) =>
    blame('I302', { deviceId, eventId, icid: ITE.decode(lo, hi).icid }, { kind: 'ITE', at }),
  'lpi-configuration': ({ scene, at, lo, hi }) =>
    blame('L401', { base: scene.view.lpiTables?.configuration ?? 0, lpi: ITE.decode(lo, hi).pintid }, { kind: 'ITE', at }),
  'lpi-pending': ({ scene, at, lo, hi }) => {
    const { pintid, icid } = ITE.decode(lo, hi)
    return blame('L402', { vcpuId: scene.tables.mappings.collections.get(icid) ?? 0, lpi: pintid }, { kind: 'ITE', at })
  },
}

/**
 * Turns KVM's objection into a suspect: the entry to blame, and the writes that take it out so that the walk can go on.
 * `memory` is the overlay in which earlier suspects are out already. Undefined when no entry can be blamed.
 */
export function objectionSuspect(scene: Scene, memory: GuestMemory, { name, where }: Objection): Suspect | undefined {
  const at = where.at ?? (0 as Gpa)
  const there = memory.contains(at, ENTRY_BYTES)
  const found = blames[name]?.({
    scene,
    memory,
    at,
    lo: there ? memory.u32(at) : 0,
    hi: there ? memory.u32((at + 4) as Gpa) : 0,
    deviceId: where.deviceId ?? 0,
    eventId: where.eventId ?? 0,
    icid: where.icid ?? 0,
  })
  if (found === undefined) return undefined
  const live = isLive(scene, where)
  const { code, detail } = found
  const entry = live ? found.entry : blamedEntry(scene, found.entry, where)
  const removal =
    entry === undefined ? [] : entry.kind === 'CTE' ? unlisting(scene, memory, entry.at) : [clearing(memory, entry.at)]
  return suspect(code, detail, {
    ...ids(where),
    at: entry?.at,
    rows: [entry && entryAt(memory, entry.kind, entry.at, place(where), 'KVM stops here')],
    evidence: live ? [evidence(livingRule(scene, where), `${place(where)} is mapped`, undefined)] : [],
    ...(live ? { removal } : cleared(removal, false)),
  })
}

/** An ITE that is another device's live event is right there: what is wrong is the DTE that leads to it. */
function blamedEntry(scene: Scene, entry: Culprit | undefined, { deviceId = -1 }: Where): Culprit | undefined {
  if (entry?.kind !== 'ITE' || !liveWords(scene).has(entry.at)) return entry
  const device = scene.tables.mappings.device(deviceId)
  return device === undefined ? entry : { kind: 'DTE', at: device.at }
}

const ids = ({ deviceId, eventId, icid }: Where) => ({
  ...(deviceId === undefined ? {} : { deviceId }),
  ...(eventId === undefined ? {} : { eventId }),
  ...(icid === undefined ? {} : { icid }),
})

/** By what a mapping is live. */
function livingRule({ beliefs }: Scene, { deviceId, eventId }: Where): RuleName {
  if (deviceId === undefined) return 'R-ring-mapped'
  const { queue, pci } = eventId === undefined ? beliefs.device(deviceId) : beliefs.event(deviceId, eventId)
  return queue.says === 'live' ? queue.rule : pci.rule
}

function isLive({ beliefs }: Scene, { deviceId, eventId, icid }: Where): boolean {
  if (deviceId !== undefined) {
    return (eventId === undefined ? beliefs.device(deviceId) : beliefs.event(deviceId, eventId)).belief === 'live'
  }
  return beliefs.history.collections.get(icid ?? -1)?.rdBase !== undefined
}

/** Takes an entry out of the collection list: the last one takes its place, so that the list stays without a gap. */
function unlisting({ view: { collectionTable } }: Scene, memory: GuestMemory, at: Gpa): WordWrite[] {
  const end = collectionTable.base + collectionTable.bytes
  let last = at
  for (let next = at; next < end && memory.contains(next, ENTRY_BYTES) && memory.u32((next + 4) as Gpa) >= 0x80000000; ) {
    last = next
    next = (next + ENTRY_BYTES) as Gpa
  }
  const closing = clearing(memory, last)
  return last === at ? [closing] : [{ ...clearing(memory, at), to: closing.from }, closing]
}
