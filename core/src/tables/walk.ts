import type { Quirks } from '../abi/index.ts'
import { type Gpa, KvmError, NotLoadedError, type ReadonlyMemory } from '../memory/index.ts'
import { objections } from './objections.ts'
import type { Objection, TableReader, Walked, WalkOptions } from './reader.ts'
import type { TableView } from './table-view.ts'
import { TableWalk } from './table-walk.ts'

/**
 * Visits the tables in guest RAM as KVM_DEV_ARM_ITS_RESTORE_TABLES does, collections first, then every device with its whole
 * ITT, up to the first entry KVM objects to. The one walk of the project: restore builds the device from it, audit collects.
 *
 * @source Linux arch/arm64/kvm/vgic/vgic-its.c, vgic_its_restore_tables_v0
 */
export function walkTables(
  memory: ReadonlyMemory,
  view: TableView,
  quirks: Quirks,
  reader: TableReader,
  options: WalkOptions = {},
): Walked {
  const walk = new TableWalk(memory, view, quirks, reader, options)
  let needs: Gpa | undefined
  try {
    walk.run()
  } catch (error) {
    if (!(error instanceof NotLoadedError)) throw error
    walk.cut = 'not-loaded'
    needs = error.at
  }
  return {
    objection: walk.objection,
    entries: walk.entries,
    work: walk.work,
    collections: walk.collections.count,
    devices: walk.devices,
    events: walk.events,
    cut: walk.cut,
    needs,
    endedByFullTable: walk.collections.endedByFullTable,
  }
}

/** The error that RESTORE_TABLES answers for an objection. */
export function objectionError({ name, where }: Objection): KvmError {
  const { errno, says } = objections[name]
  return new KvmError(errno, says, where)
}
