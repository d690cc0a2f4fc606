import { existsSync } from 'node:fs'
import { knownFormats } from '@vits/core/formats'
import { describe, expect, it } from 'vitest'
import { vits } from '../testing/fake-io.ts'

describe('vits formats', () => {
  it('says of every format what writes it, what a repair writes and what it was held against', async () => {
    const { code, out } = await vits(['formats'])
    expect(code).toBe(0)
    const said = out.replace(/\s+/g, ' ')
    for (const format of knownFormats) {
      for (const text of [format.what, format.writtenBy, format.witnesses, format.heldAgainst]) expect(said).toContain(text)
    }
  })

  it('prints them as JSON', async () => {
    expect(JSON.parse((await vits(['formats', '--json'])).out)).toEqual({ schema: 1, formats: knownFormats })
  })

  it.each(knownFormats)('has a page on each: $what', ({ page }) => {
    expect(existsSync(new URL(`../../../docs/formats/${page}`, import.meta.url))).toBe(true)
  })
})
