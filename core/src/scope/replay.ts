import { COMMAND_BYTES, GITS, type ProfileId, profileWithId } from '../abi/index.ts'
import { DEVICE_BASER, type Its, itsFrame } from '../its/index.ts'
import type { Gpa, GuestMemory } from '../memory/index.ts'
import { restoreTables } from '../tables/index.ts'
import type { HistoryStep } from './history.ts'
import { savedBy, saveModeRow, suspendMode } from './save-modes.ts'
import { checkScope, type Scope } from './scope.ts'
import { type ScopeRam, scopeMemory, scopeRam } from './scope-ram.ts'
import { moveTable, poweredOn, resetAndSetUp } from './set-up.ts'

/** A scope's VM, done to by its command queue and registers as a guest does, with all that this leaves in RAM. */
export class ScopeVm {
  readonly scope: Scope
  readonly ram: ScopeRam
  readonly memory: GuestMemory
  its: Its

  /** @throws RangeError for a scope that cannot be gone through. */
  constructor(scope: Scope) {
    checkScope(scope)
    this.scope = scope
    this.ram = scopeRam(scope)
    this.memory = scopeMemory(
      this.ram,
      !scope.operations.includes('L1 entry comes') && !scope.operations.includes('L1 entry goes'),
    )
    this.its = this.#poweredOn(scope.kernel)
  }

  /** Does the steps one after another. @throws Error for a MIGRATE whose save or restore fails. */
  play(history: readonly HistoryStep[]): void {
    for (const step of history) this.#do(step)
  }

  /** Saves as the scope does, what must then be restored exactly. */
  save(): ReturnType<typeof savedBy> {
    return savedBy({ its: this.its, shape: { pending: this.#hasPending ? 0 : -1 } }, this.scope.save)
  }

  #do({ operation, does, writes, commands, to, deviceBaser: baser }: HistoryStep): void {
    const before = this.its
    if (does === 'reset') resetAndSetUp(before, this.ram)
    for (const { at, lo, hi } of writes) this.memory.setWord(at, lo, hi)
    for (const command of commands) this.#queue(command)
    if (operation === 'SEAL') saveModeRow('seal').save(before)
    if (operation === 'SAVE')
      savedBy({ its: before, shape: { pending: this.#hasPending ? 0 : -1 } }, suspendMode(this.scope.save))
    if (does === 'restore') restoreTables(before)
    if (baser !== undefined) moveTable(before, baser)
    if (to !== undefined) this.#migrate(to)
  }

  get #hasPending(): boolean {
    return this.scope.operations.includes('INT')
  }

  #queue(command: Uint32Array): void {
    const { its, memory } = this
    for (let i = 0; i < command.length; i += 2) {
      memory.setWord((its.queue.base + its.cwriter + i * 4) as Gpa, command[i]!, command[i + 1]!)
    }
    itsFrame.write(its, GITS.CWRITER, 8, BigInt((its.cwriter + COMMAND_BYTES) % its.queue.bytes))
  }

  #migrate(to: ProfileId): void {
    const { its } = this
    const heads = saveModeRow(this.scope.save).restoredWith
    if (!this.save().ok) throw new Error(`the save before a migration to ${to} fails`)
    const other = this.#poweredOn(to)
    other.setBaser(DEVICE_BASER, its.baser(DEVICE_BASER))
    other.creadr = its.creadr
    other.cwriter = its.cwriter
    if (!restoreTables(other, heads === undefined ? {} : { heads }).ok) throw new Error(`${to} does not restore`)
    this.its = other
  }

  #poweredOn(kernel: ProfileId): Its {
    return poweredOn(this.scope.vcpus, this.ram, this.memory, profileWithId(kernel).quirks)
  }
}
