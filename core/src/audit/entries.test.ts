import { describe, expect, it, test } from 'vitest'
import { CTE, DTE, HEAD_DTE, HEAD_ITE, HEAD_MAGIC, ITE, L1E } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { type EntryKind, entryFields, entryLine, isLoss, type ProblemCode, problemCode, problems } from './index.ts'

const entry = (kind: EntryKind, { lo, hi }: { lo: number; hi: number }) => ({
  kind,
  lo,
  hi,
  at: 0x4002_0028 as Gpa,
  id: 'x',
  role: '',
})

describe('an entry in words', () => {
  it.each([
    ['V=1 next=+8 ITT=0x440db000 bits=1', entry('DTE', DTE.encode({ valid: true, next: 8, ittAddr: 0x440d_b000, size: 0 }))],
    ['V=0 next=0 ITT=0x0 bits=16', entry('DTE', DTE.encode({ size: 15 }))],
    ['next=+3 LPI 8200 ICID 5', entry('ITE', ITE.encode({ next: 3, pintid: 8200, icid: 5 }))],
    ['next=0 LPI 8200 ICID 0', entry('ITE', ITE.encode({ pintid: 8200 }))],
    ['V=1 RDbase 3 ICID 7', entry('CTE', CTE.encode({ valid: true, rdBase: 3, icid: 7 }))],
    ['head, first=+32', entry('head DTE', HEAD_DTE.encode({ magic: HEAD_MAGIC, first: 32 }))],
    ['head, first=0', entry('head ITE', HEAD_ITE.encode({ magic: HEAD_MAGIC }))],
    ['V=1 RDbase 3 ICID 7 heads=none', entry('head CTE', CTE.encode({ valid: true, rdBase: 3, icid: 7 }))],
    ['V=1 L2=0x40100000', entry('L1E', L1E.encode({ valid: true, l2Addr: 0x4010_0000 }))],
  ])('says its fields: %s', (fields, one) => {
    expect(entryFields(one)).toBe(fields)
    expect(entryLine(one)).toMatch(/^0x40020028 {2}0x[0-9a-f]{8}_[0-9a-f]{8} {2}x {2}/)
    expect(entryLine(one).endsWith(fields)).toBe(true)
  })
})

test.each([
  ['D203', 'D203'],
  ['d203', 'D203'],
  ['shared-lpi', undefined],
  ['toString', undefined],
  ['dte-next-past-table', 'D208'],
  ['DTE-Next-Past-Table', 'D208'],
])('a problem is named by its code or its slug, in any case: %s is %s', (word, code) => {
  expect(problemCode(word)).toBe(code)
})

test('a loss is what the guest has mapped and does not come back, and no other problem', () => {
  const losses = Object.keys(problems).filter((code) => isLoss(code as ProblemCode))
  expect(losses).toEqual(expect.arrayContaining(['D209', 'D211', 'I307']))
  for (const code of ['D203', 'I303', 'I305', 'R101', 'Q603']) expect(losses).not.toContain(code)
})
