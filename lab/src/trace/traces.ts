import { qemuRestoreOrder, type RestoreStep, restoreOrder } from '@vits/core/kvm'
import {
  creation,
  dirtyLog,
  isRunning,
  life,
  msi,
  otherCollections,
  readIts,
  readRedistributors,
  redistributorsAsOne,
  restored,
  runs,
  savePending,
  saveTables,
  stops,
  VCPUS,
} from './vmm.ts'

/** Lines for the agent, and whose they are. */
export type Deed = readonly [by: 'VMM' | 'guest', line: string]
const vmm = (lines: readonly string[]): Deed[] => lines.map((line) => ['VMM', line])

const lived: readonly Deed[] = [...vmm(creation), ...life.map((line) => ['guest', line] as const)]
/** A VM that has lived and is saved so. */
const save = (lines: readonly string[]) => [...lived, ...vmm([...runs, ...lines])]
const tables = [savePending, saveTables]
const registers = [...readRedistributors(VCPUS), ...readIts]

/** A VM that is saved as it ought to be, and one that is restored from its RAM so. */
const restore = (lines: readonly string[]) => [
  ...save([...tables, ...registers]),
  ...vmm(['del 1', ...creation, ...lines, ...runs]),
]

const steps: readonly RestoreStep[] = restoreOrder.filter((step) => step !== 'run' && step !== 'irqfd')
/** The documented order with `step` taken right behind `behind`. */
function late(step: RestoreStep, behind: RestoreStep): RestoreStep[] {
  const without = steps.filter((one) => one !== step)
  without.splice(without.indexOf(behind) + 1, 0, step)
  return without
}

/** What is recorded, as lines for the agent, by the name of the file: what a VMM does well, and each way to do it wrong. */
export const traces: Readonly<Record<string, readonly Deed[]>> = {
  'save-in-order': save([...tables, ...registers, dirtyLog]),
  'save-without-tables': save([savePending, ...registers]),
  'save-without-pending': save([saveTables, ...registers]),
  'save-that-fails': [...lived, ...vmm([...isRunning, savePending, saveTables, ...stops, ...registers])],
  'save-then-msi': save([...tables, msi, ...registers]),
  'save-after-dirty-log': save([dirtyLog, ...tables, ...registers]),
  'save-as-one-vcpu': save([...tables, ...readRedistributors([0, 0]), ...readIts]),
  'restore-in-order': restore(restored(steps)),
  'restore-as-qemu': restore(restored(qemuRestoreOrder)),
  'restore-ctlr-first': restore(restored(late('restore-tables', 'its-ctlr'))),
  'restore-lpis-enabled-first': restore(restored(late('lpi-tables', 'enable-lpis'))),
  'restore-without-iidr': restore(restored(steps.filter((step) => step !== 'iidr'))),
  'restore-basers-late': restore(restored(late('basers', 'restore-tables'))),
  'restore-then-baser': restore([...restored(steps), otherCollections]),
  'restore-twice': restore(restored(steps.flatMap((step) => (step === 'restore-tables' ? [step, step] : [step])))),
  'restore-cbaser-late': restore(restored(late('cbaser', 'cwriter'))),
  'restore-as-one-vcpu': restore([...redistributorsAsOne, ...restored(steps.filter((step) => !/lpi/.test(step)))]),
}
