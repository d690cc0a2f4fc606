import type { GicRegisters } from '../abi/index.ts'
import type { RegisterWrite } from '../audit/index.ts'
import type { Reason } from './overlay.ts'

/** One register of a redistributor that a repair changes in the file. */
export interface PlannedRegister extends RegisterWrite, Omit<Reason, 'kind' | 'because'> {}

/** The registers of a saved VM as a repair would leave them. */
export class RegisterOverlay {
  /** Calls of `put` that changed something. */
  changes = 0
  readonly #before: GicRegisters
  readonly #writes = new Map<string, PlannedRegister>()

  constructor(before: GicRegisters) {
    this.#before = before
  }

  /** Changes a register; false when it holds that already. */
  put(write: PlannedRegister): boolean {
    const key = keyOf(write.register, write.vcpuId)
    if (this.#writes.get(key)?.to === write.to) return false
    this.changes++
    this.#writes.set(key, write)
    return true
  }

  /** Every register that changes, in the order in which they were changed. */
  get writes(): PlannedRegister[] {
    return [...this.#writes.values()]
  }

  /** All of them with those changes; those it was made from while there are none. */
  result(): GicRegisters {
    if (this.#writes.size === 0) return this.#before
    const redistributors = this.#before.redistributors.map((one) => ({
      ...one,
      pendbaser: this.#writes.get(keyOf('GICR_PENDBASER', one.vcpuId))?.to ?? one.pendbaser,
      propbaser: this.#writes.get(keyOf('GICR_PROPBASER', one.vcpuId))?.to ?? one.propbaser,
    }))
    return { ...this.#before, redistributors }
  }
}

const keyOf = (register: RegisterWrite['register'], vcpuId: number): string => `${register} ${vcpuId}`
