import { commandErrors, commands } from '../../abi/index.ts'
import type { Gpa, ReadonlyWords } from '../../memory/index.ts'
import type { Its } from '../its.ts'
import { iteAt } from '../table-places.ts'
import { operand } from './operands.ts'

const { args } = commands.DISCARD
const deviceIdOf = operand(args.deviceId)
const eventIdOf = operand(args.eventId)

/** Unmaps one event and clears its ITE. An event whose collection is not mapped is refused, and its ITE stays. */
export function discard(its: Its, words: ReadonlyWords, at: number): number {
  const eventId = eventIdOf(words, at)
  const slot = its.devices.find(deviceIdOf(words, at))
  const index = slot < 0 ? -1 : its.events.find(slot, eventId)
  if (index < 0 || !isFreed(its, index)) return commandErrors.DISCARD_UNMAPPED_INTERRUPT.code
  its.forgetTranslations()
  its.events.remove(slot, index)
  if (its.gic.quirks['keeps-unmapped']) return 0
  its.memory.setWord(iteAt(its.devices.ittAddr[slot]!, eventId) as Gpa, 0, 0)
  return 0
}

/** Whether the event's collection lets it go. */
function isFreed(its: Its, index: number): boolean {
  if (its.targetOf(index) >= 0) return true
  return its.events.icid(index) >= 0 && its.gic.quirks['discard-asks-collection-only']
}
