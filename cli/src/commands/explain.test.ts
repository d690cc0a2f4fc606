import { describe, expect, it } from 'vitest'
import { vits } from '../testing/fake-io.ts'

describe('vits explain', () => {
  it('knows a problem by its code and by its slug', async () => {
    const [byCode, bySlug] = [await vits(['explain', 'd207']), await vits(['explain', 'orphan-ends-scan'])]
    expect(byCode.out).toBe(bySlug.out)
    for (const heading of ['What', 'Why', 'When', 'Then', 'Fix', 'See'])
      expect(byCode.out).toMatch(new RegExp(`^${heading} `, 'm'))
  })

  it('knows a rule of a witness, beside problems and in JSON', async () => {
    const { out } = await vits(['explain', 'r-chain-gap', 'D203'])
    expect(out).toMatch(/^D203 orphan-dte/)
    expect(out).toContain('\nR-chain-gap · the chain says: dead\n')
    for (const heading of ['When', 'Limit', 'For', 'See']) expect(out).toMatch(new RegExp(`^${heading} `, 'm'))
    const { problems, rules } = JSON.parse((await vits(['explain', 'R-lpi-on', '--json'])).out)
    expect([problems, rules]).toEqual([[], [expect.objectContaining({ rule: 'R-lpi-on', says: 'live', weak: true })]])
    expect(JSON.parse((await vits(['explain', '--json'])).out).rules).toBeUndefined()
  })

  it('refuses a problem nobody knows', async () => {
    expect(await vits(['explain', 'D999'])).toMatchObject({ code: 16, err: expect.stringContaining("no problem 'D999'") })
  })
})
