import { COMMAND_BYTES } from '../abi/index.ts'
import { type Gpa, isItsError } from '../memory/index.ts'
import { handlers } from './commands/handlers.ts'
import type { Its } from './its.ts'
import { reportFailure, reportResult, reportUnknown, reportUnreadable } from './trace.ts'

const COMMAND_WORDS = COMMAND_BYTES / 4

/**
 * Executes the commands between CREADR and CWRITER, if the ITS is enabled, wrapping at the queue's end.
 *
 * A command that cannot be read, is unknown or fails changes nothing and stalls nothing: CREADR passes it.
 */
export function runQueue(its: Its): void {
  if (!its.enabled) return
  const { base, bytes } = its.queue
  while (its.creadr !== its.cwriter) {
    execute(its, (base + its.creadr) as Gpa)
    its.creadr += COMMAND_BYTES
    if (its.creadr === bytes) its.creadr = 0
  }
}

function execute(its: Its, at: Gpa): void {
  const { commandWords: words, listener } = its
  if (!fetch(its, at, words)) {
    listener?.(reportUnreadable(its.creadr))
    return
  }
  const handler = handlers[words[0]! & 0xff]
  if (handler === undefined) {
    listener?.(reportUnknown(its.creadr, words))
    return
  }
  try {
    const result = handler(its, words)
    if (listener !== undefined) listener(reportResult(its.creadr, words, result))
  } catch (error) {
    if (!isItsError(error)) throw error
    listener?.(reportFailure(its.creadr, words, error))
  }
}

/** Copies a command out of guest RAM, so that executing it cannot change it. False when it is not all in one piece of RAM. */
function fetch(its: Its, at: Gpa, into: Int32Array): boolean {
  const region = its.memory.seek(at)
  if (region === undefined || region.run * 2 < COMMAND_WORDS) return false
  const { words, index } = region
  for (let n = 0; n < COMMAND_WORDS; n++) into[n] = words[index + n]!
  return true
}
