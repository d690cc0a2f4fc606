import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { generatedDocs, takesLong } from './generated-docs.ts'

describe('the generated documentation', () => {
  // What tests record is compared case by case by those tests, and what takes long in generated-docs.long.test.ts.
  const printed = generatedDocs.filter(({ path }) => !path.endsWith('.txt') && !takesLong(path))
  it.each(printed.map((doc) => [doc.path, doc]))('is current: %s (npm run docs prints it)', async (path, { content }) => {
    expect(readFileSync(path, 'utf8'), `${path} is not what it would be printed as now: npm run docs`).toBe(await content())
  })

  it('has no page of a problem that is gone', () => {
    const pages = readdirSync('docs/problems').map((name) => `docs/problems/${name}`)
    expect(generatedDocs.map(({ path }) => path)).toEqual(expect.arrayContaining(pages))
  })
})
