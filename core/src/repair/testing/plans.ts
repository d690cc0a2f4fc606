import { kernelSpans, type ProfileId } from '../../abi/index.ts'
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

/** A plan in full: a line for what it comes to, one for each word and one for each outcome of kernels that are not content before and after. */
function planText(input: AuditInput, option: RepairOptions): string {
  const { before, after, lost, lostDevices, obstacles, writes, registerWrites, kernels } = planOne(input, option)
  const changed = kernels.filter((kernel) => kernel.before.verdict !== 'restores' || kernel.after.verdict !== 'restores')
  const alike = new Map<string, ProfileId[]>()
  for (const { kernel, before, after } of changed) {
    const outcome = {
      before: [before.verdict, before.errno],
      after: [after.verdict, after.errno, after.lost.count, after.revived.count],
    }
    alike.set(JSON.stringify(outcome), [...(alike.get(JSON.stringify(outcome)) ?? []), kernel])
  }
  const proofs = [...alike].map(([outcome, ids]) => ({ kernels: kernelSpans(ids).join(', '), ...JSON.parse(outcome) }))
  const summary = { before: before.verdict, after: after.verdict, lost, lostDevices, obstacles }
  const changes = [...registerWrites, ...writes].map(({ evidence: _, ...write }) => write)
  return [summary, ...changes, ...proofs].map(line).join('\n')
}

export const recordPlans = (): string => record(new Map([...plans].map(([title, text]) => [title, text()])))
