import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fixtureBytes } from '../../../core/src/formats/testing/fixtures.ts'
import { runs } from '../../../core/src/memory/testing/runs.ts'
import { nodeDisk } from '../node/disk.ts'
import { blankNuma } from '../testing/blank-page.ts'
import { vits } from '../testing/fake-io.ts'
import { killedAt } from '../testing/killed-at.ts'

/** What is done to a VM called vm, and whether an earlier repair has to be there for it. */
const jobs = {
  'repair in place': { vm: 'broken', args: ['repair', '--in-place', 'vm'], repaired: false },
  'undo in place': { vm: 'broken', args: ['undo', 'vm'], repaired: true },
  'repair that grows': { vm: 'blank', args: ['repair', '--rebuild', '--in-place', 'vm'], repaired: false },
  'undo that shrinks': { vm: 'blank', args: ['undo', 'vm'], repaired: true },
  copy: { vm: 'broken', args: ['repair', 'vm', '-o', 'copy'], repaired: false },
  case: { vm: 'broken', args: ['extract', 'vm', '-o', 'copy'], repaired: false },
} as const
type Name = keyof typeof jobs
const names = Object.keys(jobs) as Name[]

interface Truth {
  readonly original: Buffer
  readonly repaired: Buffer
  readonly undo: Buffer
}

let root: string
let folder: string
const truths = new Map<string, Truth>()
const copies = new Map<Name, Buffer>()
const steps = new Map<Name, readonly string[]>()

const path = (name: string) => join(folder, name)
const inFolder = ({ args }: (typeof jobs)[Name]) => args.map((word) => (['vm', 'copy'].includes(word) ? path(word) : word))

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vits-kills-'))
  folder = await mkdtemp(join(root, 'dry-'))
  for (const [vm, bytes] of [
    ['broken', fixtureBytes('unrestorable.mig')],
    ['blank', await blankNuma('zeros')],
  ] as const) {
    await writeFile(path('vm'), bytes)
    const how = vm === 'blank' ? ['--rebuild'] : []
    expect((await vits(['repair', '--in-place', ...how, path('vm')])).code).toBe(0)
    truths.set(vm, { original: Buffer.from(bytes), repaired: await readFile(path('vm')), undo: await readFile(path('vm.undo')) })
    await rm(path('vm.undo'))
  }
  for (const name of names) {
    await prepare(name)
    steps.set(name, killedAt(-1, inFolder(jobs[name])).steps)
    if ((await readdir(folder)).includes('copy')) copies.set(name, await readFile(path('copy')))
  }
}, 60_000)
afterAll(() => rm(root, { recursive: true }))

/** The folder as it is before a job begins. */
async function prepare(name: Name): Promise<void> {
  const { vm, repaired } = jobs[name]
  const truth = truths.get(vm)!
  for (const old of await readdir(folder)) await rm(path(old))
  await writeFile(path('vm'), repaired ? truth.repaired : truth.original)
  if (repaired) await writeFile(path('vm.undo'), truth.undo)
}

/** What a killed job left, in words. The law holds of it, or this throws. */
async function left(name: Name): Promise<string> {
  const { original, repaired } = truths.get(jobs[name].vm)!
  const inside = await readdir(folder)
  const [now, isUndoable] = [await readFile(path('vm')), inside.includes('vm.undo')]
  const state = now.equals(original) ? 'original' : now.equals(repaired) ? 'repaired' : 'between'
  if (state !== 'original') expect(isUndoable).toBe(true)
  if (name === 'copy' || name === 'case') expect([state, isUndoable]).toEqual(['original', false])
  if (name.endsWith('grows') || name.endsWith('shrinks')) expect(state).not.toBe('between')
  const isCopied = inside.includes('copy')
  if (isCopied) expect((await readFile(path('copy'))).equals(copies.get(name)!)).toBe(true)
  return [state, ...(isUndoable ? ['undo file'] : []), ...(isCopied ? ['copy'] : [])].join(', ')
}

/** The next vits takes the repair back, if there is one, and sweeps. */
async function expectTheOriginal(name: Name): Promise<void> {
  if ((await readdir(folder)).includes('vm.undo')) expect(await vits(['undo', path('vm')])).toMatchObject({ code: 0, err: '' })
  await nodeDisk.lock([path('vm')]).then((unlock) => unlock())
  expect((await readFile(path('vm'))).equals(truths.get(jobs[name].vm)!.original)).toBe(true)
  expect((await readdir(folder)).filter((each) => each !== 'copy')).toEqual(['vm'])
}

it('a vits that is killed with signal 9, wherever, leaves the original or what gives it back, and nothing that stays', async () => {
  const seen = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), fc.nat(), fc.boolean(), async (name, at, half) => {
      folder = await mkdtemp(join(root, 'kill-'))
      await prepare(name)
      const n = at % steps.get(name)!.length
      expect(killedAt(n, inFolder(jobs[name]), half).killed).toBe(true)
      const what = `${name}: ${await left(name)}`
      seen.set(what, (seen.get(what) ?? 0) + 1)
      await expectTheOriginal(name)
      await rm(folder, { recursive: true })
    }),
    { numRuns: runs(10) },
  )
  expect(seen.size).toBeGreaterThan(1)
})
