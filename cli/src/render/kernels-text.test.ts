import { kernelSpans, profileIds } from '@vits/core/abi'
import { describe, expect, it } from 'vitest'
import { groupKernels, judgeKernels, setScenes } from '../../../core/src/audit/index.ts'
import { problemCases } from '../../../core/src/audit/testing/problem-cases/index.ts'
import { style } from '../style.ts'
import { kernelLines } from './kernels-text.ts'

describe('what other kernels make of a VM', () => {
  it.each(problemCases.map((one) => [one.code, one.when, one] as const))(
    'is told in words for each: %s, %s',
    (_code, _when, { vm }) => {
      const rows = judgeKernels(setScenes(vm().input()), profileIds)
      const lines = kernelLines(rows, '', true, style(false))
      const groups = groupKernels(rows)
      expect(groups.flatMap(({ kernels }) => kernels).sort()).toEqual([...profileIds].sort())
      for (const { kernels, row } of groups) {
        const line = lines[lines.indexOf(`  ${kernelSpans(kernels).join(', ')}`) + 1]
        const words =
          row.verdict === 'corrupts'
            ? /^ {6}corrupts: \S/
            : row.verdict === 'fails'
              ? /^ {6}fails: E\w+ from \S/
              : /^ {6}(restores|undecided)/
        expect(line).toMatch(words)
      }
    },
  )
})
