import { COMMAND_BYTES, commandErrors, commands, FIRST_LPI } from '../../abi/index.ts'
import { type Gpa, isKvmError, type ReadonlyWords } from '../../memory/index.ts'
import { UNKNOWN_COLLECTION } from '../collections.ts'
import type { Its } from '../its.ts'
import { isInItt, iteAt } from '../table-places.ts'
import { operand, wordOf } from './operands.ts'

const { args } = commands.MAPTI
const DEVICE_ID = wordOf(args.deviceId)
const EVENT_ID = wordOf(args.eventId)
const PINTID = wordOf(args.pintid)
const icidOf = operand(args.icid)
// The compiler knows a constant of this module, and loads one of another each time.
const FIRST = FIRST_LPI
const UNKNOWN = UNKNOWN_COLLECTION
const NO_DEVICE = commandErrors.MAPTI_UNMAPPED_DEVICE.code
const NO_ITE = commandErrors.MAPTI_ID_OOR.code
const NO_LPI = commandErrors.MAPTI_PHYSICALID_OOR.code

/** Maps an event to an LPI in a collection; an event that is mapped stays as it is. */
export function mapti(its: Its, words: ReadonlyWords, at: number): number {
  const { gic, devices, collections, events } = its
  const slot = devices.find(words[at + DEVICE_ID]! >>> 0)
  if (slot < 0) return NO_DEVICE
  const eventId = words[at + EVENT_ID]! >>> 0
  if (!isInItt(eventId, devices.bits[slot]!)) return NO_ITE
  if (!its.memory.contains(iteAt(devices.ittAddr[slot]!, eventId) as Gpa) && !gic.quirks['mapti-itt-unchecked']) return NO_ITE
  const pintid = words[at + PINTID]! >>> 0
  if (pintid < FIRST || pintid >= gic.lpiLimit) return NO_LPI
  const place = events.place(slot, eventId)
  if (events.lpi(place) !== 0) return 0
  const icid = icidOf(words, at)
  const vcpu = collections.lookup(icid)
  if (vcpu === UNKNOWN) return mapInNewCollection(its, slot, eventId, pintid, icid)
  events.addAt(place, slot, eventId, gic.mapLpi(pintid, vcpu), icid)
  return 0
}

/** MAPTI with the LPI equal to the EventID. */
export function mapi(its: Its, words: ReadonlyWords, at: number): number {
  const command = words.slice(at, at + COMMAND_BYTES / 4)
  command[PINTID] = command[EVENT_ID]!
  return mapti(its, command, 0)
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
