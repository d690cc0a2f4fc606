import { COMMAND_BYTES } from '../abi/index.ts'
import { type Gpa, isKvmError } from '../memory/index.ts'
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

/**
 * Executes the commands between CREADR and CWRITER, if the ITS is enabled, wrapping at the queue's end.
 *
 * A command that cannot be read, is unknown or fails changes nothing and stalls nothing: CREADR passes it.
 */
export function runQueue(its: Its): void {
  if (!its.enabled) return
  const { base, bytes, valid } = its.queue
  if (!valid && its.gic.quirks['queue-waits-for-cbaser']) return
  while (its.creadr !== its.cwriter) {
    execute(its, (base + its.creadr) as Gpa)
    its.creadr += COMMAND_BYTES
    if (its.creadr === bytes) its.creadr = 0
  }
}

function execute(its: Its, at: Gpa): void {
  const { queueCursor } = its
  if (!queueCursor.seek(at) || queueCursor.run < COMMAND_BYTES / 8) {
    its.listener?.(reportUnreadable(its.creadr))
    return
  }
  const { words, index } = queueCursor
  const handler = handlers[words[index]! & 0xff]
  if (its.listener !== undefined) executeWatched(its, handler, words.slice(index, index + COMMAND_BYTES / 4), its.listener)
  else if (handler !== undefined) {
    try {
      handler(its, words, index)
    } catch (error) {
      if (!isKvmError(error)) throw error
    }
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
