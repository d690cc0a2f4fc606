import { readdirSync, readFileSync } from 'node:fs'
import { profiles, type QuirkName, quirks } from '@vits/core/abi'
import { describe, expect, it } from 'vitest'

const names = Object.keys(quirks) as QuirkName[]
const sources = readdirSync('core/src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => [file, readFileSync(`core/src/${file}`, 'utf8')] as const)

describe('every quirk of the table', () => {
  it.each(names)('%s: some kernel has it and the model asks for it', (name) => {
    const has = Object.values(profiles).filter((profile) => profile.quirks[name])
    expect(
      has,
      `of core/src/abi/profiles.ts no kernel is of a release that has '${name}': what do its since and until say?`,
    ).not.toEqual([])
    const asking = sources.filter(([file, text]) => !file.includes('.test.ts') && text.includes(`quirks['${name}']`))
    expect(asking, `no file of core/src asks for quirks['${name}']`).not.toEqual([])
  })

  it.each(names)('%s: a test names it', (name) => {
    const naming = sources.filter(([file, text]) => file.includes('.test.ts') && text.includes(name))
    expect(naming, `no test of core/src has a sentence about '${name}'`).not.toEqual([])
  })
})
