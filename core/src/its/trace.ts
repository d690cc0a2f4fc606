import { type Command, type CommandErrorName, commandErrorName, decodeCommand } from '../abi/index.ts'
import { type Errno, errnoName, type KvmError, type Where } from '../memory/index.ts'

/** What became of one command: data for those who watch; the guest sees nothing of it. */
export interface CommandReport {
  /** Byte offset in the queue. */
  readonly offset: number
  /** Undefined for an opcode that the architecture does not have, or when the command could not be read. */
  readonly command: Command | undefined
  /** DW0 to DW3 as eight 32-bit words, low half first; empty when they could not be read. */
  readonly words: readonly number[]
  readonly outcome: CommandOutcome
}

export type CommandOutcome =
  | { readonly kind: 'done' }
  /** Refused with an error of the architecture. */
  | { readonly kind: 'refused'; readonly error: CommandErrorName; readonly code: number }
  /** Failed inside KVM: guest RAM that is not there, LPIs disabled. */
  | { readonly kind: 'failed'; readonly errno: Errno; readonly where: Where | undefined }
  /** An opcode that KVM does not know. */
  | { readonly kind: 'unknown' }
  /** The command is not in guest RAM. */
  | { readonly kind: 'unreadable' }

/** Who is told of every command an ITS executes. */
export type CommandListener = (report: CommandReport) => void

/** The report of a command whose handler answered `result`, see `Handler`. */
export function reportResult(offset: number, words: Int32Array, result: number): CommandReport {
  const outcome: CommandOutcome =
    result === 0
      ? { kind: 'done' }
      : result > 0
        ? { kind: 'refused', error: commandErrorName(result), code: result }
        : { kind: 'failed', errno: errnoName(result), where: undefined }
  return report(offset, words, outcome)
}

export function reportFailure(offset: number, words: Int32Array, { errno, where }: KvmError): CommandReport {
  return report(offset, words, { kind: 'failed', errno, where })
}

export function reportUnknown(offset: number, words: Int32Array): CommandReport {
  return report(offset, words, { kind: 'unknown' })
}

export function reportUnreadable(offset: number): CommandReport {
  return { offset, command: undefined, words: [], outcome: { kind: 'unreadable' } }
}

function report(offset: number, words: Int32Array, outcome: CommandOutcome): CommandReport {
  return { offset, command: decodeCommand(words), words: Array.from(words, (word) => word >>> 0), outcome }
}
