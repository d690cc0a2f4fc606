import { profileIds } from '@vits/core/abi'
import { describe, expect, it } from 'vitest'
import { judgeKernels, setScenes } from '../../../core/src/audit/index.ts'
import { problemCases } from '../../../core/src/audit/testing/problem-cases/index.ts'
import { style } from '../style.ts'
import { kernelLines } from './kernels-text.ts'

describe('what other kernels make of a VM', () => {
  it.each(problemCases.map((one) => [one.code, one.when, one] as const))(
    'is told in words for each: %s, %s',
    (_code, _when, { vm }) => {
      const rows = judgeKernels(setScenes(vm().input()), profileIds)
      const lines = kernelLines(rows, '', true, style(false))
      for (const { kernel, verdict } of rows) {
        const line = lines.find((one) => one.startsWith(`  ${kernel} `))
        const words =
          verdict === 'corrupts' ? /^corrupts: \S/ : verdict === 'fails' ? /^fails: E\w+ from \S/ : /^(restores|reads more)/
        expect(line?.slice(19)).toMatch(words)
      }
    },
  )
})
