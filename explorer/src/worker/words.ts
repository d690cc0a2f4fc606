// What the page says of findings is what `vits check` prints of them: the same functions.
import { NEWEST, type ProfileId } from '@vits/core/abi'
import type { RepairPlan } from '@vits/core/repair'
import { judgedKernel, judgedWords } from '../../../cli/src/options/profile-named.ts'
import { evidenceWords, findingEffect, findingGroups } from '../../../cli/src/render/finding-text.ts'
import { kernelLines } from '../../../cli/src/render/kernels-text.ts'
import { reportText } from '../../../cli/src/render/report-text.ts'
import { changesOf, unwritable, unwrittenText } from '../../../cli/src/render/unwritten-text.ts'
import { repairCommand } from '../../../cli/src/render/verdict-text.ts'
import { style } from '../../../cli/src/style.ts'
import type { FindingWords } from '../scene/index.ts'

export const findingWords: FindingWords = {
  groups: findingGroups,
  effect: findingEffect,
  evidence: (evidence) => evidenceWords(evidence),
}

/** As it is printed into a file: without colour. */
export const plainStyle = style(false)

/** The page is no machine that a VM runs on. */
const nowhere = {
  hostKernel: () => {
    throw new Error('a page knows no kernel of a host')
  },
}

/** Which kernel was judged, and why that one. */
export const judgedFor = (kernel: ProfileId): string => judgedWords(judgedKernel(kernel === NEWEST ? undefined : kernel, nowhere))

/** Why nothing is changed, as `vits repair` says it; nothing where something is. */
export const unwrittenWords = (plan: RepairPlan): string =>
  changesOf(plan) > 0 ? '' : unwrittenText(plan, { dryRun: false, yes: false, rebuild: false }).trim()

export { changesOf, kernelLines, repairCommand, reportText, unwritable }
