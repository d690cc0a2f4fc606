import { readdirSync, readFileSync } from 'node:fs'
import { problems } from '@vits/core/audit'
import { describe, expect, it } from 'vitest'

/** The rows themselves, the passes that find, and what tests are made of. */
const mayName = /audit\/(problems|passes)\/|\/testing\/|\.test\.ts$/

const sources = ['core/src', 'cli/src', 'lab/src']
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`))
  .filter((file) => file.endsWith('.ts') && !mayName.test(file))
  .map((file) => [file, readFileSync(file, 'utf8')] as const)

/** Problem codes that stand as a value or a key in the text of a program; those inside a longer string are for people. */
const named = (text: string): string[] =>
  [...text.matchAll(/(['"`])([A-Z]\d{3})\1|\b([A-Z]\d{3}):/g)]
    .map(([, , quoted, key]) => (quoted ?? key)!)
    .filter((code) => Object.hasOwn(problems, code))

describe('what follows from a problem', () => {
  it('stands in its row: nothing outside rows and passes asks for a code', () => {
    expect(sources.length).toBeGreaterThan(200)
    expect(sources.flatMap(([file, text]) => named(text).map((code) => `${file}: ${code}`))).toEqual([])
  })

  it('would be seen', () => {
    expect(named(`if (code === 'D208') return; const table = { I305: 1 }`)).toEqual(['D208', 'I305'])
  })

  it('names problems that there are', () => {
    const codes = Object.values(problems).flatMap(({ recode }) => (recode === undefined ? [] : Object.values(recode)))
    expect(codes.length).toBeGreaterThan(0)
    for (const code of codes) expect(problems).toHaveProperty(code)
  })
})
