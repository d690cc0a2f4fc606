import type { AuditInput } from '../../audit/index.ts'
import { line } from '../../audit/testing/report-text.ts'
import { plantedVms } from '../../audit/testing/reports.ts'
import { record } from '../../memory/testing/recorded-texts.ts'
import type { RepairOptions } from '../index.ts'
import { planOne } from './plan-one.ts'

/** Where the plans for the planted problems are recorded; `npm run docs` records them anew. */
export const plansFile = new URL('./plans.txt', import.meta.url)

const options: Readonly<Record<string, RepairOptions>> = {
  proven: { allow: 'proven' },
  everything: { allow: 'everything', strict: true, seal: true },
}

/** What is planned for each planted VM, by its title and what is allowed. */
export const plans: ReadonlyMap<string, () => string> = new Map(
  plantedVms.flatMap(({ title, vm }) =>
    Object.entries(options).map(([allowed, option]) => [`${title} (${allowed})`, () => planText(vm().input(), option)] as const),
  ),
)

/** A plan in full: a line for what it comes to, one for each word and one for each kernel that is not content before and after. */
function planText(input: AuditInput, option: RepairOptions): string {
  const { before, after, lost, lostDevices, obstacles, writes, kernels } = planOne(input, option)
  const changed = kernels.filter((kernel) => kernel.before.verdict !== 'restores' || kernel.after.verdict !== 'restores')
  const proofs = changed.map((kernel) => ({
    kernel: kernel.kernel,
    before: [kernel.before.verdict, kernel.before.errno],
    after: [kernel.after.verdict, kernel.after.errno, kernel.after.lost.count, kernel.after.revived.count],
  }))
  const summary = { before: before.verdict, after: after.verdict, lost, lostDevices, obstacles }
  return [summary, ...writes.map(({ evidence: _, ...write }) => write), ...proofs].map(line).join('\n')
}

export const recordPlans = (): string => record(new Map([...plans].map(([title, text]) => [title, text()])))
