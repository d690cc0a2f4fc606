import { readFileSync } from 'node:fs'
import type { TestEvidence } from './seed-row.ts'
import { testsIn, type WrittenTest } from './test-titles.ts'

const read = new Map<string, readonly WrittenTest[]>()

/** The tests that evidence may mean: one, if it is any good. */
export function namedTests({ test, title, of = '' }: TestEvidence): readonly WrittenTest[] {
  if (!read.has(test)) read.set(test, testsIn(readFileSync(test, 'utf8')))
  return read.get(test)!.filter(({ name, tables }) => name.includes(title) && tables.includes(of))
}
