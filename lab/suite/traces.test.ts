import { readFileSync } from 'node:fs'
import { lintTrace, parseTrace } from '@vits/core/trace'
import { expect, it } from 'vitest'
import { tracedQemu } from '../src/commands/bpftrace.ts'
import { traced } from '../src/commands/trace.ts'

const MINUTES = 60_000

it('a VMM that saves and restores, in order and in each wrong order, is answered by a real KVM as the traces say', async () => {
  for (const [name, text] of await traced('6.12')) {
    expect([name, text]).toEqual([name, readFileSync(`fixtures/traces/${name}.jsonl`, 'utf8')])
  }
})

it(
  'The bpftrace program of vits lint, run by a real bpftrace, tells what a real QEMU does when it saves and restores',
  async () => {
    const calls = parseTrace(await tracedQemu())
    expect(lintTrace(calls).map(({ kind, findings }) => [kind, findings.map(({ rule }) => rule)])).toEqual([
      ['save', []],
      ['restore', []],
    ])
    const ops = parseTrace(readFileSync('fixtures/traces/qemu-by-bpftrace.jsonl', 'utf8')).map(({ op }) => op)
    expect(new Set(calls.map(({ op }) => op))).toEqual(new Set(ops))
  },
  6 * MINUTES,
)
