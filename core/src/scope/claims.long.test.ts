import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type ScopeDocument, scopeDocument } from '../documents/index.ts'
import { explore, type Scope, scopeNamed } from './index.ts'

const file = new URL('../../../fixtures/scope/results.json', import.meta.url)
const { results } = JSON.parse(readFileSync(file, 'utf8')) as { results: ScopeDocument[] }
/** Under VITS_LONG all that is written down; else what takes a second. */
const mostStates = process.env['VITS_LONG'] ? Number.POSITIVE_INFINITY : 20_000

describe('what is written down of a scope is found again', () => {
  it.each(results.filter(({ states }) => states < mostStates))('$name: $verdict, $states states', (written) => {
    const { name, ended, depth, cpuSeconds } = written
    const scope: Scope = scopeNamed(name)
    const explored = explore(scope, ended === 'fixpoint' ? {} : { mostDepth: depth })
    expect(written).toMatchObject(JSON.parse(JSON.stringify(scopeDocument({ name, scope, explored, cpuSeconds }))))
  })
})
