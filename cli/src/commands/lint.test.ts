import { readFileSync } from 'node:fs'
import { traceScript } from '@vits/core/trace'
import { describe, expect, it } from 'vitest'
import { vits } from '../testing/fake-io.ts'

const trace = (name: string) => readFileSync(new URL(`../../../fixtures/traces/${name}.jsonl`, import.meta.url))

describe('vits lint', () => {
  it('names each save and restore of a trace, what is wrong with it, what becomes of that, and who has done so', async () => {
    const { code, out } = await vits(['lint', 'ours.jsonl'], { 'ours.jsonl': trace('restore-ctlr-first') })
    expect([code, out.split('\n')]).toEqual([
      4,
      [
        'ours.jsonl  61 ioctls',
        '',
        'A save by process 0, lines 13 to 31: in order',
        '',
        'A restore by process 0, lines 32 to 61: 1 problem',
        '',
        'restore-tables-before-its-ctlr  line 60, ITS at fd 11',
        expect.stringMatching(/^Then {4}KVM_DEV_ARM_ITS_RESTORE_TABLES does not come before GITS_CTLR: /),
        expect.stringMatching(/\(no call fails\)$/),
        'Seen    an OpenVMM that saves the native state: GITS_CTLR came first',
        '',
      ],
    ])
    expect(await vits(['lint', 'ours.jsonl'], { 'ours.jsonl': trace('restore-in-order') })).toMatchObject({ code: 0 })
  })

  it('answers no 0 for a trace that holds neither', async () => {
    const { code, out } = await vits(['lint', 'ours.jsonl'], { 'ours.jsonl': Buffer.from('{"op":"run"}\n') })
    expect([code, out]).toEqual([4, 'ours.jsonl  1 ioctl\nNo save and no restore is in it: nothing was judged.\n'])
  })

  it('refuses a file that is no trace with the line, and goes on to the next', async () => {
    const files = { 'a.jsonl': Buffer.from('{"op":"run"}\nioctl(13, KVM_RUN)\n'), 'b.jsonl': trace('save-in-order') }
    const { code, out, err } = await vits(['lint', 'a.jsonl', 'b.jsonl'], files)
    expect([code, err]).toEqual([8, 'vits: a.jsonl: line 2: is not JSON: "ioctl(13, KVM_RUN)"\n'])
    expect(out).toContain('b.jsonl  32 ioctls\n')
  })

  it('prints the program that makes a trace, and says so when it has none to judge', async () => {
    const { code, out } = await vits(['lint', '--script'])
    expect([code, out.split('\n')[0]]).toEqual([0, '#!/usr/bin/env bpftrace'])
    expect(out).toBe(traceScript())
    expect(await vits(['lint'])).toMatchObject({ code: 16, err: expect.stringContaining('vits lint --script') })
  })
})
