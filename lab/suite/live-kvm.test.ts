import { expect, it } from 'vitest'
import { looked } from '../src/commands/live.ts'

const MINUTES = 60_000

it(
  'vits live says of a guest in a real QEMU what a save says, and the guest runs on',
  async () => {
    const { running, exit, paused, status, differing, alive } = await looked('6.12')
    const codes = running.findings.map(({ code }) => code)
    expect({ exit, codes, was: running.pause.was }).toEqual({
      exit: 4,
      codes: expect.arrayContaining(['D203', 'D204']),
      was: 'running',
    })
    expect(running.orphans.devices).toEqual(paused.orphans.devices)
    expect([paused.pause.was, status, differing]).toEqual(['paused', 'paused', []])
    expect(alive).toMatch(/^ok \/dev\/sd/m)
    expect(alive).not.toMatch(/^dead /m)
  },
  6 * MINUTES,
)
