import {
  KVM_DEV_ARM_CTRL as CTRL,
  FIRST_LPI,
  GICR_PENDBASER,
  GICR_PROPBASER,
  type GicRegisters,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  LPI_LIMIT,
  type ProfileId,
  savedIts,
} from '../abi/index.ts'
import { type KvmIts, type RestoreStep, restoreSteps, restoreVm } from '../kvm/index.ts'
import type { Errno, Gpa, GuestMemory, Outcome } from '../memory/index.ts'
import { restoresUnder } from '../seal/index.ts'
import { place } from './names.ts'
import type { AuditInput } from './scene.ts'
import type { Restored } from './simulate.ts'

/** How a call at the ioctl boundary failed. */
export interface CallFailure {
  /** The attribute that was written: `GITS_CREADR`, `RESTORE_TABLES`. */
  readonly call: string
  readonly errno: Errno
  readonly says: string
}

/** What a kernel does with a saved VM from restore to the save after it. */
export interface Rehearsal {
  /** The first call of the restore that fails. */
  readonly restore: CallFailure | undefined
  readonly save: CallFailure | undefined
  /** The save does not fail: it takes the host down. */
  readonly hostOops: boolean
  /** What a restore of that save gives: undefined when exactly what was saved. */
  readonly again: string | undefined
}

/**
 * Restores a private copy of the VM with the one ITS that is looked at on a model of the kernel, and saves it again: registers, tables, commands that were waiting.
 * `restored` is what the walk gave: it must have come to its end.
 */
export function rehearse(input: AuditInput, kernel: ProfileId, restored: Restored): Rehearsal {
  const registers = { ...input.registers, itses: [savedIts(input.registers, input.its)] }
  const back = restoreVm(withLpiBytes(input, restored), registers, { kernel })
  if (!back.ok) return { restore: failure(callOf(back.step), back), save: undefined, hostOops: false, again: undefined }
  const its = back.value.vm.itses[0]!
  const saved = its.setAttr(GRP.CTRL, BigInt(CTRL.ITS_SAVE_TABLES))
  if (saved.ok) return { restore: undefined, save: undefined, hostOops: false, again: restoreAgain(its, kernel) }
  return { restore: undefined, save: failure('SAVE_TABLES', saved), hostOops: saved.hostOops === true, again: undefined }
}

const callOf = (step: RestoreStep) => (step === 'restore-tables' ? 'RESTORE_TABLES' : restoreSteps[step])

function failure(call: string, { errno, reason, where }: Extract<Outcome<unknown>, { ok: false }>): CallFailure {
  return { call, errno, says: where === undefined ? reason : `${place(where)}: ${reason}` }
}

/**
 * A private copy of guest RAM. Rubbish entries name LPIs whose configuration and pending bytes lie anywhere in RAM, where nothing was
 * loaded; what they hold does not matter here.
 */
function withLpiBytes({ memory, registers }: AuditInput, { mappings: { events } }: Restored): GuestMemory {
  return memory.fork(rubbishLpiBytes(registers, events.lpi.subarray(0, events.length)))
}

function* rubbishLpiBytes({ redistributors }: GicRegisters, lpis: Uint32Array): Generator<Gpa> {
  for (const lpi of lpis) {
    if (lpi < LPI_LIMIT) continue
    for (const { propbaser, pendbaser } of redistributors) {
      yield (GICR_PROPBASER.unpack(propbaser).address + lpi - FIRST_LPI) as Gpa
      yield (GICR_PENDBASER.unpack(pendbaser).address + Math.floor(lpi / 8)) as Gpa
    }
  }
}
function restoreAgain({ its }: KvmIts, kernel: ProfileId): string | undefined {
  const answer = restoresUnder(its, kernel)
  if (answer.restores === 'exactly') return undefined
  return answer.restores === 'not' ? `${answer.errno}: ${answer.reason}` : answer.difference
}
