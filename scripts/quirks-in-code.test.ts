import { readdirSync, readFileSync } from 'node:fs'
import { profiles, type QuirkName, quirks } from '@vits/core/abi'
import { describe, expect, it } from 'vitest'

const names = Object.keys(quirks) as QuirkName[]
const sources = readdirSync('core/src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => [file, readFileSync(`core/src/${file}`, 'utf8')] as const)

describe('every quirk of the table', () => {
  it.each(names)('%s: some kernel has it and the model asks for it', (name) => {
    expect(Object.values(profiles).some((profile) => profile.quirks[name])).toBe(true)
    const asking = sources.filter(([file, text]) => !file.includes('.test.ts') && text.includes(`quirks['${name}']`))
    expect(asking.map(([file]) => file)).not.toEqual([])
  })

  it.each(names)('%s: a test names it', (name) => {
    const naming = sources.filter(([file, text]) => file.includes('.test.ts') && text.includes(name))
    expect(naming.map(([file]) => file)).not.toEqual([])
  })
})
