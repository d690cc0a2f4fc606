import { type LookOutcome, lookWords, vmLooks } from '@vits/core/audit'
import type { Checked } from '@vits/core/documents'
import type { Style } from '../style.ts'
import { paragraph } from './layout.ts'

/**
 * What was looked at and came out well, and what was not looked at: to be pasted where people look for a fault. Only where everything
 * was looked at and is well is it said that it is not the interrupts; those that do not come through the ITS are not looked at.
 */
export function looksLines({ reports, kernels }: Pick<Checked, 'reports' | 'kernels'>, style: Pick<Style, 'width'>): string[] {
  const looks = vmLooks(reports, kernels)
  const sentences = headings.flatMap(([heading, outcomes]) => {
    const named = looks.filter(({ outcome }) => outcomes.includes(outcome)).map(lookWords)
    return named.length === 0 ? [] : [`${heading}: ${named.join('; ')}.`]
  })
  const isAllWell = looks.every(({ outcome }) => outcome === 'well')
  return [...(isAllWell ? ['It is not the interrupts of the ITS.'] : []), ...sentences].flatMap((sentence) =>
    paragraph(sentence, style),
  )
}

const headings: readonly (readonly [string, readonly LookOutcome[]])[] = [
  ['Looked at and found well', ['well']],
  ['Told of here', ['noted', 'wrong']],
  ['Known in part', ['in part']],
  ['Not looked at', ['not looked at']],
]
