import { unseenWords } from '@vits/core/audit'
import type { RepairPlan } from '@vits/core/repair'
import { count } from './words.ts'

/** Why what holds a VM cannot be written. */
export const unwritable = {
  qcow2: 'what lies in a qcow2 image cannot be written back; look with -n',
  running: 'a VM that runs cannot be written back; look with -n',
  layers: 'a file of changes cannot be written back: apply it to its base first, and repair the result; look with -n',
  kdump: 'a kdump file cannot be written back, and a case of it can (vits extract); look with -n',
} as const

/** What a repair was allowed. */
interface Asked {
  readonly dryRun: boolean
  readonly yes: boolean
  readonly rebuild: boolean
}

/** Words of guest RAM and registers of the file. */
export const changesOf = ({ writes, registerWrites }: RepairPlan): number => writes.length + registerWrites.length

/** Why nothing is written, and what else may be tried; nothing where the repair is written. */
export function unwrittenText(plan: RepairPlan, { dryRun, yes, rebuild }: Asked): string {
  const { itses, obstacles } = plan
  if (changesOf(plan) > 0 && obstacles.length > 0) {
    const whole = itses.every(({ before }) => before.history.state === 'whole') && !rebuild
    const hints = [
      ...(yes ? [] : ['vits repair -n -y         what everything that can be done would do']),
      ...(whole ? ['vits repair -n --rebuild  what writing the tables anew from the command queue would do'] : []),
    ]
    return hints.map((hint) => `  ${hint}\n`).join('')
  }
  if (changesOf(plan) > 0) return dryRun ? 'Nothing was written (-n).\n' : ''
  const before = itses.map((its) => its.before)
  if (before.some(({ gaps }) => gaps.length > 0))
    return `Nothing is repaired: ${unseenWords(before)}, and nothing is proven good before that is known.\n`
  if (itses.some(({ before }) => before.verdict !== 'restores'))
    return `Nothing that this may do mends it${yes ? '' : '; -y or --rebuild may'}.\n`
  const findings = itses.flatMap(({ after }) => after.findings)
  const left = findings.filter(
    ({ severity, fix }) => severity === 'latent' && fix.writes.length + (fix.registers?.length ?? 0) > 0,
  ).length
  return `Nothing to repair${left > 0 ? `; --strict clears ${count(left, 'harmless leftover')}` : ''}.\n`
}
