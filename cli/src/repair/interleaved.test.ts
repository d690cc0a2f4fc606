import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runs, stride } from '../../../core/src/memory/testing/runs.ts'
import type { Io } from '../io.ts'
import { vits } from '../testing/fake-io.ts'
import { letterVms, repairInPlace } from '../testing/letters.ts'
import { interleave, type Step, steppedIo } from '../testing/stepped.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vits-interleaved-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A process that nobody stops. */
const alone = steppedIo({ id: 9, dead: new Set(), step: async () => {} }) as Io

type Vm = keyof typeof letterVms

const actions = ['repair', 'repair otherwise', 'undo'] as const
type Action = (typeof actions)[number]

const pairs: readonly (readonly [Action, Action])[] = [
  ['repair', 'repair otherwise'],
  ['repair otherwise', 'repair'],
  ['repair', 'undo'],
  ['undo', 'repair otherwise'],
  ['undo', 'undo'],
]

const path = (i = 0) => join(folder, `vm${i}`)

/** What an action ended with: what was done, or why not. */
async function act(action: Action, vm: Vm, io: Io): Promise<string> {
  const [texts, ...repairs] = letterVms[vm]
  if (action === 'undo') return (await vits(['undo', path()], {}, io)).err || 'undone'
  const letters = repairs[action === 'repair' ? 0 : 1]
  try {
    return (await repairInPlace({ files: texts.map((_, i) => path(i)), letters }, io)) ? 'repaired' : 'nothing to do'
  } catch (error) {
    return (error as Error).message
  }
}

/** Lets two processes act, turn by turn: `turns` are the numbers of calls that one makes before the other goes on; the rest at once. */
async function interleaved(
  vm: Vm,
  pair: readonly Action[],
  turns: readonly number[],
): Promise<{ said: string[]; calls: number }> {
  const [texts] = letterVms[vm]
  for (const [i, text] of texts.entries()) await writeFile(path(i), text)
  if (pair[0] === 'undo') expect(await act('repair', vm, alone)).toBe('repaired')
  const left = [...turns]
  let [now, calls] = [0, 0]
  const processes = pair.map(
    (action, i) => (step: Step) => act(action, vm, steppedIo({ id: i + 1, dead: new Set(), step }) as Io),
  )
  const said = await interleave(processes, (running) => {
    while (left[0] === 0) {
      left.shift()
      now = 1 - now
    }
    if (left[0] !== undefined) left[0]--
    if (!running.includes(now)) [now, left.length] = [1 - now, 0]
    if (now === 0) calls++
    return now
  })
  return { said, calls }
}

/** Whatever has run, nothing else is there than the files and what takes the repairs back, and that does so byte for byte. */
async function expectTheWayBack(vm: Vm, said: readonly string[]): Promise<void> {
  const [texts] = letterVms[vm]
  const files = texts.map((_, i) => `vm${i}`)
  const refusals = /another vits is changing it|is there from an earlier repair|there is no |^nothing to do/
  for (const line of said) if (!['repaired', 'undone'].includes(line)) expect(line).toMatch(refusals)
  const names = await readdir(folder)
  const isRepaired = names.includes('vm0.undo')
  expect(names.sort()).toEqual(isRepaired ? ['vm0', 'vm0.undo', ...files.slice(1)] : files)
  const contents = async () => Promise.all(texts.map((_, i) => readFile(path(i), 'utf8')))
  if (isRepaired) {
    expect(await contents()).not.toEqual(texts)
    expect(await act('undo', vm, alone)).toBe('undone')
  }
  expect([await contents(), await readdir(folder)]).toEqual([texts, files])
}

describe.each(Object.keys(letterVms) as Vm[])('two processes at work on %s', (vm) => {
  it.each(pairs)('bring the original back, wherever one that would %s waits while another would %s', async (...pair) => {
    const seen = new Set<string>()
    const { said: alone, calls } = await interleaved(vm, pair.slice(0, 1), [])
    await expectTheWayBack(vm, alone)
    for (let n = 0; n <= calls; n += stride(7)) {
      const { said } = await interleaved(vm, pair, [n])
      await expectTheWayBack(vm, said)
      seen.add(said.map((line) => /repaired|undone/.test(line)).join())
    }
    // Both had their way somewhere.
    expect([...seen].sort().at(-1)).toMatch(/^true/)
  })

  it('bring the original back, however their calls are mixed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...pairs), fc.array(fc.nat(12), { maxLength: 20 }), async (pair, turns) => {
        await expectTheWayBack(vm, (await interleaved(vm, pair, turns)).said)
      }),
      { numRuns: runs(15) },
    )
  })
})
