import { type Quirks, UNMAPPED_TARGET } from '../abi/index.ts'
import type { Its } from '../its/index.ts'
import { attempt, type Gpa, isKvmError, KvmError, NotLoadedError, type Outcome, type ReadonlyMemory } from '../memory/index.ts'
import type { ObjectionName } from './objections.ts'
import { type Answer, GO_ON, type TableReader, type Walked, type WalkOptions } from './reader.ts'
import type { TableView } from './table-view.ts'
import { objectionError, walkTables } from './walk.ts'

/** What a restore brought back. */
export interface RestoredTables {
  readonly collections: number
  readonly devices: number
  readonly events: number
  /** Entries read, valid or not. */
  readonly entries: number
  /** What the ioctl answers: 0, or on 4.13 after a full collection table 1, with no device restored. */
  readonly answer: 0 | 1
}

export type RestoreOptions = Pick<WalkOptions, 'mostWork' | 'heads'>

/** The tables and vCPUs as an ITS and its GIC know them. */
export function viewOf({ deviceTable, collectionTable, gic }: Its): TableView {
  return { deviceTable, collectionTable, vcpuIds: gic.redistributors.map(({ vcpuId }) => vcpuId) }
}

/**
 * Restores the ITS state from the tables in guest RAM, as KVM_DEV_ARM_ITS_RESTORE_TABLES does. GITS_BASER<n> and the
 * redistributors' registers must be set before; pending bits are consumed: cleared in guest RAM.
 *
 * @source Linux Documentation/virt/kvm/devices/arm-vgic-its.rst, "ITS Restore Sequence"; vgic_its_restore_tables_v0
 */
export function restoreTables(its: Its, options: RestoreOptions = {}): Outcome<RestoredTables> {
  return attempt(() => readTables(its.memory, its, { quirks: its.gic.quirks, ...options }))
}

/**
 * As `restoreTables`, from tables in guest RAM or a copy of it; LPIs are read, and pending bits consumed, in the ITS's own.
 *
 * @throws KvmError where RESTORE_TABLES fails, NotLoadedError where a page is not there that the walk comes to.
 */
export function readTables(
  memory: ReadonlyMemory,
  its: Its,
  options: RestoreOptions & { readonly quirks: Quirks },
): RestoredTables {
  return restoredBy(walkInto(memory, its, options))
}

/** As `readTables`, and tells of a restore that fails how far it came: what `restoredBy` answers is not known yet. */
export function walkInto(memory: ReadonlyMemory, its: Its, options: RestoreOptions & { readonly quirks: Quirks }): Walked {
  const walked = walkTables(memory, viewOf(its), options.quirks, new DeviceBuilder(its), { ...options, ...mappedIn(its) })
  const isWhole = walked.objection === undefined && walked.cut === undefined
  if (!isWhole && !options.quirks['failed-restore-keeps-state']) forget(its, walked)
  return walked
}

/** What is mapped before the restore: mostly nothing, and then no event asks. */
function mappedIn({ collections, gic }: Its): Pick<WalkOptions, 'icids' | 'isMapped'> {
  const icids = collections.order
  return gic.lpis.isEmpty ? { icids } : { icids, isMapped: (pintid) => gic.isLpiMapped(pintid) }
}

/** What the ioctl says of a walk. @throws as `readTables`. */
export function restoredBy(walked: Walked): RestoredTables {
  const { objection, cut, needs, collections, devices, events, entries, endedByFullTable } = walked
  if (needs !== undefined) throw new NotLoadedError(needs)
  if (objection !== undefined) throw objectionError(objection)
  if (cut !== undefined) throw endless(walked)
  return { collections, devices, events, entries, answer: endedByFullTable ? 1 : 0 }
}

/** A failed restore drops the collections, and the devices too unless it never came to them. */
function forget(its: Its, { objection }: Walked): void {
  if (objection?.where.what !== 'CTE' || its.gic.quirks['both-tables-attempted']) its.freeDevices()
  its.freeCollections()
}

function endless({ work, entries }: Walked): KvmError {
  return new KvmError('ENOMEM', `the tables are more than ${work} steps of work, after ${entries} entries; a kernel goes on`)
}

/** The reader of a walk that builds the device. */
class DeviceBuilder implements TableReader {
  readonly #its: Its
  #slot = -1
  /** Where the last event went, see `Its.mapEvent`. */
  #hint = 0

  constructor(its: Its) {
    this.#its = its
  }

  collection(icid: number, rdBase: number): Answer {
    const { collections, gic } = this.#its
    collections.set(icid, rdBase === UNMAPPED_TARGET ? -1 : gic.vcpuOf(rdBase))
    return GO_ON
  }

  device(deviceId: number, ittAddr: Gpa, eventIdBits: number): Answer {
    this.#hint = 0
    // In a first level of more than 4 MiB KVM's DeviceIDs start anew: they have 32 bits.
    this.#slot = this.#its.addDevice(deviceId >>> 0, ittAddr, eventIdBits)
    return GO_ON
  }

  event(_deviceId: number, eventId: number, pintid: number, icid: number): Answer {
    try {
      this.#hint = this.#its.mapEvent(this.#slot, eventId, pintid, icid, this.#hint)
      return GO_ON
    } catch (error) {
      if (!isKvmError(error)) throw error
      return this.#unreachable(pintid)
    }
  }

  drop(): void {
    this.#its.freeDevice(this.#slot)
  }

  /** Which of an LPI's two bytes is not in guest RAM. */
  #unreachable(pintid: number): ObjectionName {
    const { gic, memory } = this.#its
    return memory.contains(gic.configAt(pintid)) ? 'lpi-pending' : 'lpi-configuration'
  }
}
