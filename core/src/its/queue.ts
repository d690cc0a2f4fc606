import { COMMAND_BYTES } from '../abi/index.ts'
import { type Gpa, isKvmError, type ReadonlyWords } from '../memory/index.ts'
import { handlers } from './commands/handlers.ts'
import type { Handler } from './commands/operands.ts'
import type { Its } from './its.ts'
import {
  type CommandListener,
  type CommandReport,
  reportFailure,
  reportResult,
  reportUnknown,
  reportUnreadable,
} from './trace.ts'

// The compiler knows a constant of this module, and loads one of another each time.
const BYTES = COMMAND_BYTES
const WORDS = COMMAND_BYTES / 4
const handlerOf = handlers

/**
 * Executes the commands between CREADR and CWRITER, if the ITS is enabled, wrapping at the queue's end.
 *
 * A command that cannot be read, is unknown or fails changes nothing and stalls nothing: CREADR passes it.
 */
export function runQueue(its: Its): void {
  if (!its.enabled) return
  const { queueCursor } = its
  const { base, bytes, valid } = its.queue
  if (!valid && its.gic.quirks['queue-waits-for-cbaser']) return
  while (its.creadr !== its.cwriter) {
    const isThere = queueCursor.seek((base + its.creadr) as Gpa) && queueCursor.run * 2 >= WORDS
    if (isThere && queueCursor.stays && its.listener === undefined) {
      executeRow(its, its.creadr < its.cwriter ? its.cwriter : bytes)
    } else {
      if (isThere) executeOne(its)
      else its.listener?.(reportUnreadable(its.creadr))
      its.creadr += BYTES
    }
    if (its.creadr === bytes) its.creadr = 0
  }
}

/** Executes the commands up to offset `end`, as far as they lie in a row in guest RAM: the cursor need not be moved from one to the next. */
function executeRow(its: Its, end: number): void {
  const { words, index, run } = its.queueCursor
  const last = index + Math.min(run * 2, (end - its.creadr) / 4) - WORDS
  for (let at = index; at <= last; at += WORDS) {
    execute(its, words, at)
    its.creadr += BYTES
  }
}

function executeOne(its: Its): void {
  const { words, index } = its.queueCursor
  if (its.listener === undefined) execute(its, words, index)
  else executeWatched(its, handlerOf[words[index]! & 0xff], words.slice(index, index + WORDS), its.listener)
}

function execute(its: Its, words: ReadonlyWords, at: number): void {
  const handler = handlerOf[words[at]! & 0xff]
  if (handler === undefined) return
  try {
    handler(its, words, at)
  } catch (error) {
    if (!isKvmError(error)) throw error
  }
}

/** As `execute`, from a copy of the command, and with a report. */
function executeWatched(its: Its, handler: Handler | undefined, words: Int32Array, listener: CommandListener): void {
  if (handler === undefined) {
    listener(reportUnknown(its.creadr, words))
    return
  }
  let report: CommandReport
  try {
    report = reportResult(its.creadr, words, handler(its, words, 0))
  } catch (error) {
    if (!isKvmError(error)) throw error
    report = reportFailure(its.creadr, words, error)
  }
  listener(report)
}
