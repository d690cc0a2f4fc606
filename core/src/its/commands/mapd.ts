import { commandErrors, commands, MAX_EVENTID_BITS } from '../../abi/index.ts'
import type { Gpa, ReadonlyWords } from '../../memory/index.ts'
import type { Its } from '../its.ts'
import { operand, wordOf } from './operands.ts'

const { args } = commands.MAPD
const DEVICE_ID = wordOf(args.deviceId)
const sizeOf = operand(args.size)
const ittAddrOf = operand(args.ittAddr)
const validOf = operand(args.valid)
// The compiler knows a constant of this module, and loads one of another each time.
const MOST_BITS = MAX_EVENTID_BITS
const NO_DTE = commandErrors.MAPD_DEVICE_OOR.code
const TOO_MANY_EVENTS = commandErrors.MAPD_ITTSIZE_OOR.code

/** Maps a device with an empty ITT, forgetting what it had; V=0 forgets it and clears its DTE, mapped or not. */
export function mapd(its: Its, words: ReadonlyWords, at: number): number {
  const deviceId = words[at + DEVICE_ID]! >>> 0
  const dteAt = its.dteAt(deviceId)
  if (dteAt < 0) return NO_DTE
  const valid = validOf(words, at) === 1
  const bits = sizeOf(words, at) + 1
  if (valid && bits > MOST_BITS) return TOO_MANY_EVENTS
  const slot = its.devices.find(deviceId)
  if (slot >= 0) its.freeDevice(slot)
  if (valid) its.addDevice(deviceId, ittAddrOf(words, at), bits)
  else if (!its.gic.quirks['keeps-unmapped']) its.memory.setWord(dteAt as Gpa, 0, 0)
  return 0
}
