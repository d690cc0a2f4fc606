import type { ProfileId } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import type { Facts } from '../facts.ts'
import type { Guest } from '../guests.ts'
import type { Model } from '../model.ts'
import type { OperationName } from '../operation-names.ts'

/** A word that the guest stores into its RAM. */
export interface GuestWrite {
  readonly at: Gpa
  readonly lo: number
  readonly hi: number
}

/** One thing that may happen in a scope: an operation with its operands. */
export interface Operation {
  readonly name: OperationName
  /** With its operands, for people. */
  readonly says: string
  /** What the guest stores into RAM first. */
  readonly writes: readonly GuestWrite[]
  /** What it then puts into the command queue: eight words each. */
  readonly commands: readonly Uint32Array[]
  /** Where MIGRATE leads. */
  readonly to?: ProfileId
  /** What GITS_BASER0 becomes. */
  readonly deviceBaser?: bigint
  /** Whether it may happen in a state. */
  may(record: Uint8Array): boolean
  /** Lets it happen to the VM that is loaded. False: no state of the scope follows. */
  run(): boolean
}

/** What operations are made from. */
export interface Ground {
  readonly model: Model
  readonly facts: Facts
  readonly guest: Guest
  has(name: OperationName): boolean
}
