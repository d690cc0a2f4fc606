import { DEVICE_BASER } from '../../its/index.ts'
import type { Outcome } from '../../memory/index.ts'
import { restoreTables } from '../../tables/index.ts'
import { savedBy, saveModeRow, suspendMode } from '../save-modes.ts'
import { resetAndSetUp } from '../set-up.ts'
import type { Ground, GuestWrite, Operation } from './operation.ts'

/** What whoever runs the VM does, and what follows from it. */
export function* hostOperations(ground: Ground): Generator<Operation> {
  const { model, has } = ground
  if (has('SAVE')) yield save(ground)
  if (has('SEAL')) yield { ...step('SEAL', 'SEAL'), may: () => true, run: () => goesOn(saveModeRow('seal').save(model.its)) }
  if (has('RESET')) yield reset(ground, true)
  if (has('RESET over old tables')) yield reset(ground, false)
  if (has('RESTORE')) yield { ...step('RESTORE', 'RESTORE_TABLES'), may: () => true, run: () => restored(ground) }
  if (!has('MIGRATE')) return
  for (const [kernel, id] of model.kernels.entries()) {
    const may = (s: Uint8Array) => s[model.shape.kernel] !== kernel
    yield { ...step('MIGRATE', `MIGRATE to ${id}`), to: id, may, run: () => migrate(ground, kernel) }
  }
}

const step = (name: Operation['name'], says: string, writes: readonly GuestWrite[] = []) => ({ name, says, writes, commands: [] })

function save({ model }: Ground): Operation {
  const mode = suspendMode(model.scope.save)
  const says = mode === 'own' ? 'SAVE_TABLES' : 'SAVE_TABLES with heads of ours'
  return { ...step('SAVE', says), may: () => true, run: () => goesOn(savedBy(model, mode)) }
}

/** A save that fails leaves what it wrote, and the VM goes on, unless it ended the host. */
const goesOn = (saved: Outcome<unknown>): boolean => saved.ok || saved.hostOops !== true

/** A reset that the guest's next kernel follows with GITS_BASER as before. */
function reset({ facts, model }: Ground, zeroes: boolean): Operation {
  const { dteAt, memory } = model
  const writes = zeroes ? dteAt.map((at) => ({ at, lo: 0, hi: 0 })) : []
  const run = (): boolean => {
    resetAndSetUp(model.its, model.ram)
    for (const { at, lo, hi } of writes) memory.setWord(at, lo, hi)
    return true
  }
  const name = zeroes ? 'RESET' : 'RESET over old tables'
  return {
    ...step(name, zeroes ? 'RESET, tables zeroed' : 'RESET, tables as they lie', writes),
    may: (s) => facts.isAnythingMapped(s),
    run,
  }
}

/** A restore that fails leaves what its kernel leaves; one that brings a device a third time leads out of the scope. */
function restored({ model }: Ground): boolean {
  restoreTables(model.its)
  return true
}

/** Saved by the scope's mode and restored exactly, or there is no VM to go on with. */
function migrate({ model }: Ground, kernel: number): boolean {
  const { its } = model
  const mode = saveModeRow(model.scope.save)
  const before = new Uint8Array(model.shape.bytes)
  const after = new Uint8Array(model.shape.bytes)
  if (!model.storeMapped(its, before) || !savedBy(model, model.scope.save).ok) return false
  const other = model.itsOf(kernel)
  other.setBaser(DEVICE_BASER, its.baser(DEVICE_BASER))
  const isThere = restoreTables(other, mode.restoredWith === undefined ? {} : { heads: mode.restoredWith }).ok
  if (!isThere || !model.storeMapped(other, after) || before.some((byte, i) => byte !== after[i])) {
    other.freeDevices()
    other.freeCollections()
    return false
  }
  model.handOver(kernel)
  return true
}
