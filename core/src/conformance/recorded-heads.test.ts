import { readFileSync } from 'node:fs'
import { decompress } from 'fzstd'
import { describe, expect, it } from 'vitest'
import { HEAD_MAGIC } from '../abi/index.ts'
import { wordBytes } from './hex.ts'
import { compareAnswer, ModelSubject, parseRecordings, profileOf, type Recording, type Step } from './index.ts'

/** A guest of two ITSes, one with a flat device table and one with two levels: after its first and third save somebody wrote heads. */
const file = new URL('../../../fixtures/vectors/heads.json.zst', import.meta.url)
const recordings = parseRecordings(new TextDecoder().decode(decompress(readFileSync(file))))

/** The stamp of ours in the first CTE included. */
const isOfHeads = (step: Step) => step.op === 'mem_write' && step.what === 'heads'
const magic = Buffer.from(wordBytes([`${HEAD_MAGIC}`]).subarray(0, 2)).toString('hex')
const isHead = (step: Step) => step.op === 'mem_write' && isOfHeads(step) && step.hex?.startsWith(magic) === true

/** What the model of the kernel answers otherwise when the same guest has no heads, and what was compared. */
function withoutHeads(recording: Recording) {
  const steps = recording.steps.filter((step) => !isOfHeads(step))
  const lastClear = steps.findLastIndex(({ op }) => op === 'mem_zero')
  const model = new ModelSubject(profileOf(recording)!)
  const compared: Step['op'][] = []
  const differences = steps.flatMap((step, index) => {
    const answer = model.play(step)
    const tells = step.op === 'its_restore_tables' || step.op === 'signal_msi' || (step.op === 'mem_dump' && index > lastClear)
    if (tells) compared.push(step.op)
    return tells ? compareAnswer(index, step, answer) : []
  })
  return { differences, compared: new Set(compared) }
}

describe('a kernel that knows no heads', () => {
  it.each(recordings.map((recording) => [recording.kernel, recording.scenario, recording] as const))(
    '%s: restores the guest of %s as without them, delivers the same MSIs, and saves the same into clean tables',
    (_kernel, _scenario, recording) => {
      const { differences, compared } = withoutHeads(recording)
      expect(differences).toEqual([])
      expect([...compared]).toEqual(['its_restore_tables', 'signal_msi', 'mem_dump'])
    },
  )

  it('was asked on 23 kernels, with heads of both kinds that are fresh when it restores, and stale when it saves and restores', () => {
    const asked = new Set(recordings.map(({ kernel, scenario }) => `${kernel} ${scenario}`))
    const kernels = new Set(recordings.map(({ kernel }) => kernel))
    expect([kernels.size, asked.size]).toEqual([23, 2 * 23])
    for (const { steps } of recordings) {
      const order = steps
        .map((step) => (isHead(step) ? 'head' : step.op))
        .filter((op) => op === 'head' || op === 'its_save_tables' || op === 'its_restore_tables')
      expect(order.filter((op, n) => op !== order[n - 1]).join(' ')).toMatch(
        /head its_restore_tables its_save_tables its_restore_tables/,
      )
    }
  })
})
