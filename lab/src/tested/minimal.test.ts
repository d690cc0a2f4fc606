import { profiles } from '@vits/core/abi'
import { ModelSubject, type Step } from '@vits/core/conformance'
import { describe, expect, it } from 'vitest'
import { stepsOf } from '../fuzz/case-steps.ts'
import { caseOf, firstDifference, modelled } from '../fuzz/side-by-side.ts'
import { decidesLast } from './decided-in.ts'
import { answerWords, historyWords } from './history-words.ts'
import { minimal } from './minimal.ts'

const profile = 'linux-7.3.4'
const { quirks } = profiles[profile]
const keeping = { ...quirks, 'keeps-unmapped': true }

/** Where a kernel that keeps what is unmapped answers otherwise. */
function difference(steps: readonly Step[]) {
  try {
    const [one, other] = [quirks, keeping].map((set) => modelled(new ModelSubject(profile, set), steps).answers)
    return firstDifference(steps.slice(0, other!.length), other!, one!)
  } catch {
    return undefined
  }
}

const telling = Array.from({ length: 50 }, (_, n) => stepsOf(caseOf(n + 1))).find((steps) => difference(steps) !== undefined)!

describe('a history that shows a difference', () => {
  it('is left with what shows it', async () => {
    const steps = await minimal(
      telling,
      (tried) => difference(tried) !== undefined,
      () => false,
    )
    expect(steps.length).toBeLessThan(15)
    const found = difference(steps)!
    const words = historyWords(found.steps)
    expect(words).toMatch(/valid=0|DISCARD/)
    expect(words).not.toContain('SYNC')
    for (const n of steps.keys()) expect(difference(steps.toSpliced(n, 1))).toBeUndefined()
  })

  it('is taken as it is when there is no time', async () => {
    expect(
      await minimal(
        telling,
        () => true,
        () => true,
      ),
    ).toEqual(telling)
  })

  it('is told on a line of bearable length, its beginning and its end', () => {
    const words = historyWords(telling)
    expect(words.length).toBeLessThan(700)
    expect(words).toMatch(/^\d+ vCPUs?.* · … \d+ more … · /)
  })
})

describe('two answers', () => {
  it('are told by the words of memory that are not the same', () => {
    const [expected, got] = answerWords('0x0:01 0x8:02 0x10:03', '0x0:01 0x8:ff 0x18:04')
    expect([expected, got]).toEqual(['0x8:02 0x10:03 0x18:0', '0x8:ff 0x10:0 0x18:04'])
  })

  it('are told as they are when they are no memory', () => {
    expect(answerWords('0', 'EINVAL')).toEqual(['0', 'EINVAL'])
    expect(answerWords('', '0x8:01')).toEqual(['nothing', '0x8:01'])
  })
})

it.each<[string, Step[]]>([
  [
    'vgic_its_cmd_handle_mapi',
    [{ op: 'commands', cwriter_before: '0x0', list: [{ name: 'MAPTI dev=1 ev=1', dw: [] }], cwriter_written: '0x20' }],
  ],
  [
    'vgic_its_save_collection_table',
    [{ op: 'its_save_tables' }, { op: 'mem_dump', what: 'collection table 0', gpa: '0x0', len: '0x8' }],
  ],
  ['vgic_mmio_write_its_baser', [{ op: 'its_write', reg: 'GITS_BASER1', value: '0x0' }, { op: 'its_regs' }]],
])('%s decides what a history ends with, as far as can be guessed', (name, steps) => {
  expect(decidesLast(steps)).toBe(name)
})
