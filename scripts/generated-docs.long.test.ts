import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { generatedDocs, takesLong } from './generated-docs.ts'

const slow = generatedDocs.filter(({ path }) => takesLong(path))

it.each(slow.map((doc) => [doc.path, doc]))('is current: %s (npm run docs prints it)', async (path, { content }) => {
  expect(readFileSync(path, 'utf8')).toBe(await content())
})
