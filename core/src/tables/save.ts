import { CTE, ENTRY_BYTES, UNMAPPED_TARGET } from '../abi/index.ts'
import type { Its } from '../its/index.ts'
import { attempt, isKvmError, KvmError, type Outcome } from '../memory/index.ts'
import { DeviceSave } from './device-save.ts'
import { EntryWriter, outsideRam } from './entry-writer.ts'
import type { Heads } from './heads.ts'
import type { SavePlan } from './save-plan.ts'

/** What a save wrote. */
export interface Saved {
  readonly collections: number
  readonly devices: number
  readonly events: number
  /** Devices without a place for their DTE: not saved, and `next` passes over them. */
  readonly unstorable: readonly number[]
  /** Events whose collection is gone: saved as zero entries. */
  readonly detached: number
}

export interface SaveOptions {
  /** The host has GICv4.1, so the state of LPIs that hardware delivers can be read back. */
  readonly gicv41?: boolean
  /** Whose heads are written: by default the proposal's under its profile, else none. */
  readonly heads?: Heads
}

/**
 * Writes the ITS state to the tables in guest RAM, as KVM_DEV_ARM_ITS_SAVE_TABLES does: device by device its ITEs and its DTE,
 * then the collections and one terminator. What lay there before stays where nothing is written; on EFAULT what was written so
 * far stays. `its.memory.dirtyPages()` tells which pages.
 *
 * @source Linux arch/arm64/kvm/vgic/vgic-its.c, vgic_its_save_tables_v0
 */
export function saveTables(its: Its, options: SaveOptions = {}): Outcome<Saved> {
  return attempt(() => writeTables(its, savePlan(its, options)))
}

/** How the kernel of an ITS saves it. */
export function savePlan({ gic: { quirks } }: Its, { heads, gicv41 = false }: SaveOptions): SavePlan {
  return { quirks, heads: heads ?? (quirks['proposed-head'] ? 'proposed' : 'none'), gicv41, nextWithinPage: false }
}

/** As `saveTables`, to a plan. @throws KvmError where SAVE_TABLES fails. */
export function writeTables(its: Its, plan: SavePlan): Saved {
  const { quirks } = plan
  const { deviceTable, collectionTable } = its
  const devices = new DeviceSave(its, plan)
  const isListed = collectionTable.valid || (collectionTable.base !== 0 && quirks['save-invalid-baser'])
  const saveList = () => (isListed ? saveCollections(its, plan) : 0)
  try {
    if (deviceTable.valid || quirks['save-invalid-baser']) devices.save()
  } catch (error) {
    if (isKvmError(error) && !error.hostOops && quirks['both-tables-attempted']) attempt(saveList)
    throw error
  }
  const collections = saveList()
  devices.end()
  const { devices: saved, events, unstorable, detached } = devices
  return { collections, devices: saved, events, unstorable, detached }
}

function saveCollections({ collections, collectionTable, gic, memory }: Its, { quirks }: SavePlan): number {
  const { base, bytes } = collectionTable
  const { icid: icidField, rdBase, valid } = CTE.fields
  const table = new EntryWriter(memory).table(base)
  const room = bytes / ENTRY_BYTES
  let entry = 0
  for (const icid of collections.order) {
    if (entry >= room && !mayPassTable(quirks)) return room
    const vcpu = collections.target(icid)
    const target = vcpu < 0 ? UNMAPPED_TARGET : gic.rdBaseOf(vcpu)
    const lo = icidField.putLo(icid) | rdBase.putLo(target)
    if (!table.put(entry, lo, valid.putHi(1) | rdBase.putHi(target)))
      throw outsideRam('CTE', base + entry * ENTRY_BYTES, { icid })
    entry++
  }
  if (entry !== room && !table.put(entry, 0, 0)) throw outsideRam('CTE', base + entry * ENTRY_BYTES, {})
  return collections.order.length
}

/** What a kernel does with a collection that has no room in the table left. */
function mayPassTable(quirks: SavePlan['quirks']): boolean {
  if (!quirks['save-refuses-too-many-collections']) return quirks['ctes-past-table']
  throw new KvmError('EINVAL', 'there are more collections than the collection table holds', { what: 'CTE' })
}
