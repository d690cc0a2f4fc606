import { type GicRegisters, hex, type MsiFunction } from '../../../abi/index.ts'
import type { GuestMemory } from '../../../memory/index.ts'
import type { ModelSubject } from '../../model-subject.ts'
import { registerReads, registersRead } from '../../saved-registers.ts'
import type { Step, StepAnswer } from '../../step.ts'
import { VCPUS } from './places.ts'
import type { PlayedGuest } from './played-guest.ts'

/** A guest's VM as it was saved. */
export interface SavedGuest {
  readonly memory: GuestMemory
  readonly registers: GicRegisters
  readonly msi: readonly MsiFunction[]
}

/** What a VMM does to save it: SAVE_TABLES, registers, and what lies where its tables are. */
export function saveSteps({ tables }: PlayedGuest): Step[] {
  const dumps = tables.map(({ what, base, bytes }): Step => ({ op: 'mem_dump', what, gpa: hex(base), len: hex(bytes) }))
  return [{ op: 'its_save_tables' }, ...registerReads(VCPUS), ...dumps]
}

/** What `saveSteps` were answered, `answers` beginning with its first. */
export const registersOf = (answers: readonly StepAnswer[]): GicRegisters => registersRead(VCPUS, answers.slice(1))

/** Lets a guest live on the model and saves it; undefined when KVM refuses to save. */
export function savedOn(model: ModelSubject, guest: PlayedGuest): SavedGuest | undefined {
  for (const step of guest.steps) model.play(step)
  if (model.play({ op: 'its_save_tables' })['rc'] !== '0') return undefined
  const registers = registersRead(
    VCPUS,
    registerReads(VCPUS).map((step) => model.play(step)),
  )
  return { memory: model.vm.memory, registers, msi: guest.msi }
}
