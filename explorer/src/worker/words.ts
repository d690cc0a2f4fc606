// What the page says of findings is what `vits check` prints of them: the same functions.
import { NEWEST, type ProfileId } from '@vits/core/abi'
import { judgedKernel, judgedWords } from '../../../cli/src/profile-named.ts'
import { evidenceWords, findingEffect, findingGroups } from '../../../cli/src/render/finding-text.ts'
import { kernelLines } from '../../../cli/src/render/kernels-text.ts'
import { reportText } from '../../../cli/src/render/report-text.ts'
import type { FindingWords } from '../scene/index.ts'

export const findingWords: FindingWords = {
  groups: findingGroups,
  effect: findingEffect,
  evidence: (evidence) => evidenceWords(evidence),
}

const asItIs = (text: string): string => text
/** As wide as what is printed where nobody knows how wide lines may be. */
export const plainStyle = { width: 100, bold: asItIs, dim: asItIs, good: asItIs, bad: asItIs, warn: asItIs }

/** The page is no machine that a VM runs on. */
const nowhere = {
  hostKernel: () => {
    throw new Error('a page knows no kernel of a host')
  },
}

/** Which kernel was judged, and why that one. */
export const judgedFor = (kernel: ProfileId): string => judgedWords(judgedKernel(kernel === NEWEST ? undefined : kernel, nowhere))

export { kernelLines, reportText }
