import { commandErrors, commands } from '../../abi/index.ts'
import type { ReadonlyWords } from '../../memory/index.ts'
import type { Its } from '../its.ts'
import { operand } from './operands.ts'

const { args } = commands.MOVALL
const fromOf = operand(args.rdBase)
const toOf = operand(args.rdBase2)

/** Retargets all LPIs of one vCPU, whatever ITS mapped them; collections stay where they are. */
export function movall(its: Its, words: ReadonlyWords, at: number): number {
  const { gic } = its
  const from = gic.vcpuOf(fromOf(words, at))
  const to = gic.vcpuOf(toOf(words, at))
  if (from < 0 || to < 0) return commandErrors.MOVALL_PROCNUM_OOR.code
  if (from === to) return 0
  const all = gic.quirks['movall-ignores-source']
  for (let lpi = gic.lpis.first(); lpi !== 0; lpi = gic.lpis.after(lpi)) {
    if (all || gic.lpis.target(lpi) === from) gic.lpis.retarget(lpi, to)
  }
  its.forgetTranslations()
  return 0
}
