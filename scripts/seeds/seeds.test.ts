import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { answersThatShow } from './answers.ts'
import { seedDocuments } from './documents.ts'
import { namedTests } from './named-tests.ts'
import type { Evidence } from './seed-row.ts'
import { testsIn } from './test-titles.ts'

const rows = seedDocuments.flatMap(({ rows }) =>
  Object.entries(rows).map(([number, row]) => ({ number: Number(number), ...row })),
)
const evidence = <E extends Evidence>(is: (one: Evidence) => one is E) =>
  rows.flatMap(({ number, by }) => by.filter(is).map((one) => [number, one] as const))

describe('the claims of the documents', () => {
  it('are all there, once each', () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 113 }, (_, n) => n + 1))
  })

  it.each(rows.map((row) => [row.number, row] as const))(
    '%i is shown by something, and says why where it does not hold',
    (_, row) => {
      expect(row.by.length).toBeGreaterThan(0)
      expect(row.result === undefined || (row.why ?? '').length > 20).toBe(true)
    },
  )

  it.each(evidence((one) => 'test' in one))('%i: the test is there, and is run: %o', (_, one) => {
    expect(one.title.length).toBeGreaterThan(8)
    expect(namedTests(one)).toHaveLength(1)
  })

  it.each(evidence((one) => 'recording' in one))('%i: a kernel answered so: %o', (_, one) => {
    expect(one.rc ?? one.holds).toBeDefined()
    expect(answersThatShow(one)).not.toEqual([])
  })

  it.each(evidence((one) => 'file' in one))('%i: the file says so: %o', (_, { file, says }) => {
    expect(readFileSync(file, 'utf8')).toContain(says)
  })
})

describe('the tests of a file', () => {
  it('have the titles around them in their names, and the rows of their tables', () => {
    const text = "describe.each([['a', 1]])('x %s', () => { it('is y', f); test.each`n`('z $n', f); it(name, f) })"
    expect(testsIn(text)).toEqual([
      { name: 'x %s is y', tables: "[['a', 1]]" },
      { name: 'x %s z $n', tables: "[['a', 1]]`n`" },
    ])
  })

  it('are not those that are only written about, or passed over', () => {
    expect(
      testsIn("// it('is y', f)\nit.skip('is y', f); describe.skip('x', () => { it('is y', f) }); it.todo('is y'); say('is y')"),
    ).toEqual([])
  })
})
