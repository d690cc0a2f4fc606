import { expect, it } from 'vitest'
import { loadTableRow, loadVerdict } from './table.ts'
import type { LoadRow } from './under-load.ts'

const view = `== interrupts
== vectors
/sys/bus/pci/devices/0000:00:02.0/msi_irqs/25
== its
ID:1 pID:8195 vID:25
== affinity
== online
0
== release
6.12.117
`

function row(still: readonly number[], exit: number | undefined, inFile = new Map<number, number>()): LoadRow {
  const report = {
    verdict: 'restores' as const,
    errno: null,
    lost: 0,
    revived: 0,
    misdirected: 0,
    orphans: { devices: [], events: [] },
    findings: [],
  }
  return {
    name: 'load-small-0',
    truth: { view, pending: new Map([[8195, 0]]), still },
    inFile,
    said: exit === undefined ? { read: false, why: 'no stream' } : { read: true, exit, report, findings: [] },
  }
}

it.each`
  what                                        | still     | exit         | verdict
  ${'goes on, and vits says nothing'}         | ${[]}     | ${0}         | ${'agrees'}
  ${'goes on, and vits finds a problem'}      | ${[]}     | ${2}         | ${'false alarm'}
  ${'stands still, and vits finds a problem'} | ${[8195]} | ${2}         | ${'agrees'}
  ${'stands still, and vits says nothing'}    | ${[8195]} | ${0}         | ${'miss'}
  ${'cannot be read by vits'}                 | ${[]}     | ${undefined} | ${'unreadable'}
`('a guest that $what: $verdict', ({ still, exit, verdict }) => {
  expect(loadVerdict(row(still, exit))).toBe(verdict)
})

it('a guest that still stands still when it is restored as repaired is a miss', () => {
  const lost = row([8195], 4)
  const repaired = (stillRepaired: readonly number[]) => ({ ...lost, truth: { ...lost.truth, stillRepaired } })
  expect([loadVerdict(repaired([])), loadVerdict(repaired([8195]))]).toEqual(['agrees', 'miss'])
  expect(loadTableRow(repaired([]))).toContain('| 00:02.0/1 never came; as repaired: all goes on |')
})

it('a row names events by their functions, and what the saved tables lack', () => {
  expect(loadTableRow(row([8195], 0))).toBe('| load-small-0 | 00:02.0/1 | none | 00:02.0/1 never came | exit 0 | **miss** |\n')
  expect(loadTableRow(row([], 0, new Map([[8195, 0]])))).toBe(
    '| load-small-0 | 00:02.0/1 | the same | all goes on | exit 0 | agrees |\n',
  )
})
