import { commandErrors, commands, FIRST_LPI } from '../../abi/index.ts'
import { isKvmError, type ReadonlyWords } from '../../memory/index.ts'
import type { Its } from '../its.ts'
import { operand } from './operands.ts'

const { args } = commands.MAPTI
const deviceIdOf = operand(args.deviceId)
const eventIdOf = operand(args.eventId)
const pintidOf = operand(args.pintid)
const icidOf = operand(args.icid)

/** Maps an event to an LPI in a collection; an event that is mapped stays as it is. */
export function mapti(its: Its, words: ReadonlyWords, at: number): number {
  return map(its, words, at, pintidOf(words, at))
}

/** MAPTI with the LPI equal to the EventID. */
export function mapi(its: Its, words: ReadonlyWords, at: number): number {
  return map(its, words, at, eventIdOf(words, at))
}

function map(its: Its, words: ReadonlyWords, at: number, pintid: number): number {
  const slot = its.devices.find(deviceIdOf(words, at))
  if (slot < 0) return commandErrors.MAPTI_UNMAPPED_DEVICE.code
  const eventId = eventIdOf(words, at)
  const fits = its.gic.quirks['mapti-itt-unchecked'] ? eventId < 2 ** its.devices.bits[slot]! : its.isEventStorable(slot, eventId)
  if (!fits) return commandErrors.MAPTI_ID_OOR.code
  if (pintid < FIRST_LPI || pintid >= its.gic.lpiLimit) return commandErrors.MAPTI_PHYSICALID_OOR.code
  const block = its.events.block(slot, eventId)
  if (its.events.isMapped(block, eventId)) return 0
  const icid = icidOf(words, at)
  if (its.collections.has(icid)) its.mapEvent(slot, eventId, pintid, icid, block)
  else return mapInNewCollection(its, slot, eventId, pintid, icid)
  return 0
}

/** A collection that no MAPC named yet becomes known, not mapped; it is forgotten again when the event cannot be mapped. */
function mapInNewCollection(its: Its, slot: number, eventId: number, pintid: number, icid: number): number {
  if (!its.isIcidStorable(icid)) return commandErrors.MAPC_COLLECTION_OOR.code
  its.collections.set(icid, -1)
  try {
    its.mapEvent(slot, eventId, pintid, icid, 0)
  } catch (error) {
    if (isKvmError(error)) its.freeCollection(icid)
    throw error
  }
  return 0
}
