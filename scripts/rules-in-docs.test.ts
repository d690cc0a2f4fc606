import { readFileSync } from 'node:fs'
import { ruleNames } from '@vits/core/audit'
import { describe, expect, it } from 'vitest'

const guests = readFileSync('docs/guests.md', 'utf8')

describe('a rule of a witness', () => {
  it.each(['ARCHITECTURE.md', 'README.md', 'docs/guests.md'])(
    'that %s names is in the catalogue, or has a row of its own',
    (path) => {
      const rows = [...guests.matchAll(/^\| \*\*(R-[a-z]+-[a-z-]+)\*\* /gm)].map(([, name]) => name)
      const named = new Set(readFileSync(path, 'utf8').match(/\bR-[a-z]+-[a-z-]*[a-z]/g))
      expect([...named].filter((name) => !rows.includes(name))).toEqual([])
      expect(rows).toEqual(expect.arrayContaining([...ruleNames]))
    },
  )
})
