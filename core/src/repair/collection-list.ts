import { CTE, ENTRY_BYTES, UNMAPPED_TARGET } from '../abi/index.ts'
import type { History } from '../audit/index.ts'
import type { Gpa } from '../memory/index.ts'
import type { TableView } from '../tables/index.ts'
import { type Cause, CLEARED, type Overlay, type Reason, type Word } from './overlay.ts'

/** A collection list as it should be. */
export interface WantedCollections {
  /** ICID to RDbase. */
  readonly targets: ReadonlyMap<number, number>
  /** Every difference to the list in RAM is what the command queue says. */
  readonly proven: boolean
}

interface Listed {
  readonly icid: number
  readonly rdBase: number
}

/**
 * The collections that the guest has mapped: what the queue says of each, and the list in RAM where the queue says nothing.
 * An entry that no restore can read (its target is no vCPU, its ICID is past the table or listed before) is left out.
 */
export function wantedCollections(overlay: Overlay, view: TableView, history: History): WantedCollections {
  const targets = new Map<number, number>()
  let proven = true
  const entries = view.collectionTable.bytes / ENTRY_BYTES
  const isTarget = (rdBase: number) => rdBase === UNMAPPED_TARGET || view.vcpuIds.includes(rdBase)
  // KVM refuses a MAPC that names no vCPU or an ICID past the table.
  const recorded = [...history.collections].filter(
    ([icid, { rdBase }]) => icid < entries && (rdBase === undefined || view.vcpuIds.includes(rdBase)),
  )
  const byQueue = new Map(recorded.map(([icid, { rdBase }]) => [icid, rdBase]))
  for (const { icid, rdBase } of listedCollections(overlay, view)) {
    if (byQueue.has(icid)) continue
    const never = history.state === 'whole' && rdBase !== UNMAPPED_TARGET
    if (!never && icid < entries && isTarget(rdBase) && !targets.has(icid)) targets.set(icid, rdBase)
    else if (history.state !== 'whole') proven = false
  }
  for (const [icid, rdBase] of byQueue) if (rdBase !== undefined) targets.set(icid, rdBase)
  return { targets, proven }
}

/** The entries that a restore reads, valid for it or not: up to the first without Valid; none of a table that is not there. */
function listedCollections(overlay: Overlay, { collectionTable }: TableView): Listed[] {
  const listed: Listed[] = []
  if (!collectionTable.valid) return listed
  const { valid, icid, rdBase } = CTE.fields
  for (let at = collectionTable.base; at < collectionTable.base + collectionTable.bytes; at += ENTRY_BYTES) {
    if (!overlay.memory.contains(at as Gpa, ENTRY_BYTES)) break
    const [lo, hi] = overlay.word(at as Gpa)
    if (valid.get(lo, hi) === 0) break
    listed.push({ icid: icid.get(lo, hi), rdBase: rdBase.get(lo, hi) })
  }
  return listed
}

/**
 * Writes the collection list with as few words as possible: entries that are right stay where they are, the others are
 * corrected or give their place to one that is missing or that stands behind the new end; then one entry without Valid.
 *
 * @returns true when a word changed.
 */
export function writeCollections(overlay: Overlay, view: TableView, wanted: WantedCollections, code: Cause): boolean {
  const { base, bytes, valid } = view.collectionTable
  const { targets, proven } = wanted
  if (!valid || !overlay.memory.contains(base as Gpa, bytes)) return false
  const listed = listedCollections(overlay, view)
  const list = arranged(listed, targets)
  let changed = false
  const put = (slot: number, to: Word, reason: Pick<Reason, 'id' | 'because' | 'why'>) => {
    changed = overlay.put((base + slot * ENTRY_BYTES) as Gpa, to, { code, kind: 'CTE', proven, ...reason }) || changed
  }
  list.forEach((icid, slot) => {
    const { lo, hi } = CTE.encode({ valid: true, icid, rdBase: targets.get(icid)! })
    const why = `the guest has collection ${icid} on RDbase ${targets.get(icid)}`
    put(slot, [lo, hi], { id: `collection ${icid}`, because: 'collection', why })
  })
  const end = list.length
  if (end < bytes / ENTRY_BYTES) {
    const [lo, hi] = overlay.word((base + end * ENTRY_BYTES) as Gpa)
    if (CTE.fields.valid.get(lo, hi) === 1)
      put(end, CLEARED, { id: 'end of the list', because: 'end of the list', why: `the list has ${end} collections` })
  }
  return changed
}

/** ICIDs by slot: each wanted one stays at the first place it has inside the new length; the rest fill the gaps. */
function arranged(listed: readonly Listed[], targets: ReadonlyMap<number, number>): number[] {
  const slots = new Array<number | undefined>(targets.size).fill(undefined)
  const placed = new Set<number>()
  for (const [slot, { icid }] of listed.entries()) {
    if (slot >= slots.length || !targets.has(icid) || placed.has(icid)) continue
    slots[slot] = icid
    placed.add(icid)
  }
  const rest = [...targets.keys()].filter((icid) => !placed.has(icid))
  return slots.map((icid) => icid ?? rest.shift()!)
}
