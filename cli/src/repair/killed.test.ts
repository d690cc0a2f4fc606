import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runs, stride } from '../../../core/src/memory/testing/runs.ts'
import type { Io } from '../io.ts'
import { vits } from '../testing/fake-io.ts'
import { type LetterVm, letterVms, repairCopy, repairInPlace } from '../testing/letters.ts'
import { killedAt, type Step, steppedIo } from '../testing/stepped.ts'

let root: string
let folder: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vits-killed-'))
})
afterAll(() => rm(root, { recursive: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'test-'))
})

type Vm = keyof typeof letterVms
const vms = Object.keys(letterVms) as Vm[]
const names = (vm: Vm) => letterVms[vm][0].map((_, i) => `vm${i}`)
const opened = (vm: Vm, letters: LetterVm['letters'] = letterVms[vm][1]): LetterVm => ({
  files: names(vm).map((name) => join(folder, name)),
  letters,
})

const actions = {
  repair: (vm: Vm, io: Io) => repairInPlace(opened(vm), io),
  'repair otherwise': (vm: Vm, io: Io) => repairInPlace(opened(vm, letterVms[vm][2]), io),
  undo: async (_vm: Vm, io: Io) => {
    const { err } = await vits(['undo', join(folder, 'vm0')], {}, io)
    if (err !== '') throw new Error(err)
  },
  copy: (vm: Vm, io: Io) => repairCopy(opened(vm), join(folder, 'copy'), io),
} as const
type Action = keyof typeof actions

/** Processes have ids in turn; of those before the last all are dead. */
let born = 0
function begin(step: Step): Io {
  const dead = new Set(Array.from({ length: born }, (_, id) => id))
  return steppedIo({ id: born++, dead, step }) as Io
}

const freely: Step = async () => {}
const act = (action: Action, vm: Vm, step: Step = freely) => actions[action](vm, begin(step))

/** Kills a process before its n-th call, unless it has ended before; answers whether it was killed. */
async function kill(action: Action, vm: Vm, n: number): Promise<boolean> {
  let seen = 0
  const step = killedAt(n, () => seen++)
  const ended = await act(action, vm, step).then(
    () => true,
    () => seen < n,
  )
  return !ended
}

async function write(vm: Vm): Promise<void> {
  for (const [i, text] of letterVms[vm][0].entries()) await writeFile(join(folder, `vm${i}`), text)
}

const contents = (vm: Vm, inside = '.') =>
  Promise.all(names(vm).map((name) => readFile(join(folder, inside, name), 'utf8').catch(() => undefined)))

/** What a repair makes of the files, as they were or as another left them. */
const repaired = (vm: Vm, letters: LetterVm['letters'] = letterVms[vm][1], texts: readonly string[] = letterVms[vm][0]) =>
  texts.map((text) => [...text].map((letter) => letters[letter] ?? letter).join(''))

/** The copy, which is a folder if the VM has several files; undefined when there is none. */
async function copied(vm: Vm): Promise<(string | undefined)[] | undefined> {
  if (!(await readdir(folder)).includes('copy')) return undefined
  return names(vm).length > 1 ? contents(vm, 'copy') : [await readFile(join(folder, 'copy'), 'utf8')]
}

/** The state of the files, in a word; with an undo file, if there is one. */
async function stateOf(vm: Vm): Promise<string> {
  const now = (await contents(vm)).join('\n')
  const known = new Map([
    [letterVms[vm][0].join('\n'), 'original'],
    [repaired(vm).join('\n'), 'repaired'],
    [repaired(vm, letterVms[vm][2]).join('\n'), 'repaired otherwise'],
  ])
  return `${known.get(now) ?? 'between'}${(await readdir(folder)).includes('vm0.undo') ? ', with undo file' : ''}`
}

/** Takes a repair back if there is one to be taken back, and finds the files as they were, and no other. */
async function expectTheOriginal(vm: Vm, ...others: string[]): Promise<void> {
  if ((await readdir(folder)).includes('vm0.undo')) await act('undo', vm)
  // What is swept by a process that has to do nothing else.
  await act('repair', vm)
  await act('undo', vm)
  expect([await contents(vm), (await readdir(folder)).sort()]).toEqual([letterVms[vm][0], [...others, ...names(vm)]])
}

describe.each(vms)('a process at work on %s, killed before any of its calls,', (vm) => {
  it('leaves, of a repair in place, the original or what gives it back', async () => {
    const seen = new Set<string>()
    await write(vm)
    for (let n = 0; await kill('repair', vm, n); n += stride(2)) {
      seen.add(await stateOf(vm))
      await expectTheOriginal(vm)
    }
    expect(seen).not.toContain('between')
    expect(seen).not.toContain('repaired')
    expect([...seen]).toEqual(expect.arrayContaining(['original', 'original, with undo file', 'repaired, with undo file']))
  })

  it('leaves, of an undo, what gives the original back, or the original', async () => {
    const seen = new Set<string>()
    await write(vm)
    await act('repair', vm)
    for (let n = 0; await kill('undo', vm, n); n += stride(2)) {
      seen.add(await stateOf(vm))
      await expectTheOriginal(vm)
      await act('repair', vm)
    }
    expect(seen).not.toContain('between')
    expect(seen).not.toContain('repaired')
    expect([...seen]).toEqual(expect.arrayContaining(['original', 'original, with undo file', 'repaired, with undo file']))
  })

  it('leaves, of a copy, nothing or all of it', async () => {
    const seen = new Set<string>()
    await write(vm)
    for (let n = 0; await kill('copy', vm, n); n += stride(2)) {
      const copy = await copied(vm)
      if (copy !== undefined) expect(copy).toEqual(repaired(vm))
      seen.add(copy === undefined ? 'nothing' : 'all')
      // It is refused where the copy is there, and finds the rest either way.
      await act('copy', vm).catch(() => {})
      expect([await contents(vm), await copied(vm)]).toEqual([letterVms[vm][0], repaired(vm)])
      expect(await readdir(folder)).toEqual(['copy', ...names(vm)])
      await rm(join(folder, 'copy'), { recursive: true })
    }
    expect([...seen]).toEqual(['nothing', 'all'])
  })
})

it('any number of processes that are killed one after the other leave what gives the original back', async () => {
  const killed = fc.tuple(fc.constantFrom<Action>('repair', 'repair otherwise', 'undo', 'copy'), fc.nat(60))
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...vms), fc.array(killed, { minLength: 1, maxLength: 8 }), async (vm, all) => {
      folder = await mkdtemp(join(root, 'test-'))
      await write(vm)
      for (const [action, n] of all) {
        // A copy of what an interrupted repair left is no worse, but of no known contents.
        if (action === 'copy' && (await stateOf(vm)).startsWith('between')) continue
        await kill(action, vm, n)
        expect(await stateOf(vm)).toMatch(/^original$|, with undo file$/)
      }
      const copy = await copied(vm)
      // A copy may be of what one of the repairs had left.
      const [texts, letters, others] = letterVms[vm]
      const sources = [texts, repaired(vm, letters), repaired(vm, others)]
      if (copy !== undefined) expect(sources.map((source) => repaired(vm, letters, source))).toContainEqual(copy)
      await expectTheOriginal(vm, ...(copy === undefined ? [] : ['copy']))
    }),
    { numRuns: runs(25) },
  )
})
