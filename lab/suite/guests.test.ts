import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { guests } from '../src/commands/guests.ts'
import { askAgain } from '../src/guests/row.ts'

const MINUTES = 60_000

describe('a guest that loses a driver, on a kernel that leaves its entries in the tables', () => {
  it(
    'is saved, judged as it is, and restored by a real KVM',
    async () => {
      const out = mkdtempSync(`${tmpdir()}/vits-guests-`)
      try {
        expect(await guests(['--only', 'small', '--host', 'unfixed', '--out', out])).toBe(0)
        expect(readFileSync(`${out}/table.md`, 'utf8').match(/\| agrees \|/g)).toHaveLength(2)
      } finally {
        rmSync(out, { recursive: true })
      }
    },
    6 * MINUTES,
  )
})

describe('a guest that lived earlier', () => {
  it('is judged by its case in fixtures/guests as the guest, KVM and a restore said then', { timeout: 5 * MINUTES }, () => {
    const rows = [...askAgain('fixtures/guests')]
    expect(rows.length).toBeGreaterThan(0)
    expect(rows.map(({ name, verdict }) => [name, verdict])).toEqual(rows.map(({ name }) => [name, { kind: 'agrees' }]))
  })
})
