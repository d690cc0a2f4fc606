import { commandErrors, commands } from '../../abi/index.ts'
import type { ReadonlyWords } from '../../memory/index.ts'
import type { Its } from '../its.ts'
import { operand } from './operands.ts'

const { args } = commands.MAPC
const icidOf = operand(args.icid)
const rdBaseOf = operand(args.rdBase)
const validOf = operand(args.valid)

/** Maps a collection to a vCPU and retargets its LPIs; V=0 forgets it, and its events stay, in no collection. */
export function mapc(its: Its, words: ReadonlyWords, at: number): number {
  const icid = icidOf(words, at)
  const vcpu = its.gic.vcpuOf(rdBaseOf(words, at))
  const valid = validOf(words, at) === 1
  if (vcpu < 0 && (valid || its.gic.quirks['mapc-unmap-checks-target'])) return commandErrors.MAPC_PROCNUM_OOR.code
  if (!valid) {
    its.freeCollection(icid)
    its.forgetTranslations()
    return 0
  }
  const known = its.collections.has(icid)
  if (!known && !its.isIcidStorable(icid)) return commandErrors.MAPC_COLLECTION_OOR.code
  its.collections.set(icid, vcpu)
  if (known) its.events.retarget(icid, vcpu)
  return 0
}
