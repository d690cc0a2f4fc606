import { commandErrors, commands } from '../../abi/index.ts'
import type { ReadonlyWords } from '../../memory/index.ts'
import type { Its } from '../its.ts'
import { operand, wordOf } from './operands.ts'

const { args } = commands.MOVI
const DEVICE_ID = wordOf(args.deviceId)
const EVENT_ID = wordOf(args.eventId)
const icidOf = operand(args.icid)
const NO_EVENT = commandErrors.MOVI_UNMAPPED_INTERRUPT.code
const NO_TARGET = commandErrors.MOVI_UNMAPPED_COLLECTION.code

/** Moves one event, and its LPI, to another mapped collection. */
export function movi(its: Its, words: ReadonlyWords, at: number): number {
  const index = its.find(words[at + DEVICE_ID]! >>> 0, words[at + EVENT_ID]! >>> 0)
  if (index < 0) return NO_EVENT
  const icid = icidOf(words, at)
  const vcpu = its.collections.target(icid)
  if (its.targetOf(index) < 0 || vcpu < 0) return NO_TARGET
  its.events.setIcid(index, icid)
  its.forgetTranslations()
  its.gic.lpis.retarget(its.events.lpi(index), vcpu)
  return 0
}
