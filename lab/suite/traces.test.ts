import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { traced } from '../src/commands/trace.ts'

it('a VMM that saves and restores, in order and in each wrong order, is answered by a real KVM as the traces say', async () => {
  for (const [name, text] of await traced('6.12')) {
    expect([name, text]).toEqual([name, readFileSync(`fixtures/traces/${name}.jsonl`, 'utf8')])
  }
})
