// What the page says of findings is what `vits check` prints of them: the same functions.
import { NEWEST, type ProfileId } from '@vits/core/abi'
import { judgedKernel, judgedWords } from '../../../cli/src/options/profile-named.ts'
import { evidenceWords, findingEffect, findingGroups } from '../../../cli/src/render/finding-text.ts'
import { kernelLines } from '../../../cli/src/render/kernels-text.ts'
import { reportText } from '../../../cli/src/render/report-text.ts'
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

export { kernelLines, reportText }
