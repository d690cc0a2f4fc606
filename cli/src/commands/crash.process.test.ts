import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fixtureBytes } from '../../../core/src/formats/testing/fixtures.ts'
import { stride } from '../../../core/src/memory/testing/runs.ts'
import { nodeDisk } from '../node/disk.ts'
import { vits } from '../testing/fake-io.ts'
import { killedAt } from '../testing/killed-at.ts'

let root: string
let folder: string
let original: Buffer
let file: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vits-crash-'))
  original = Buffer.from(fixtureBytes('unrestorable.mig'))
  await writeFile(join(root, 'original'), original)
})
afterAll(() => rm(root, { recursive: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'test-'))
  file = join(folder, 'vm.mig')
  await copyFile(join(root, 'original'), file)
})

/** The steps to die at: of many writes in a row the first and the last; in a sync is before the step that follows it. */
function deadly(steps: readonly string[]): number[] {
  const all = [...steps.keys()].filter((n) => {
    if (n === steps.length - 1) return true
    return steps[n] === 'write' ? steps[n - 1] !== 'write' || steps[n + 1] !== 'write' : steps[n] !== 'sync'
  })
  return all.filter((n, i) => i % stride(2) === 0 || n === steps.length - 1)
}

const whole = async (path: string) => (await vits(['check', '--strict', path])).code === 0
const names = async () => (await readdir(folder)).filter((name) => !/\.(part|lock)$/.test(name)).sort()

/** What the next vits that writes there does not leave lying. */
async function expectSwept(...files: string[]): Promise<void> {
  await nodeDisk.lock([file]).then((unlock) => unlock())
  expect((await readdir(folder)).sort()).toEqual(files)
}

describe('vits repair -o, killed at any point', () => {
  it('leaves the original as it is, and the output either absent or complete', async () => {
    const output = join(folder, 'fixed.mig')
    const { steps } = killedAt(-1, ['repair', file, '-o', output])
    expect(steps.at(-1)).toBe('sync')
    expect(steps).toContain('link')
    await rm(output)
    const seen = new Set<string>()
    for (const n of deadly(steps)) {
      expect(killedAt(n, ['repair', file, '-o', output], true).killed).toBe(true)
      expect((await readFile(file)).equals(original)).toBe(true)
      const there = (await names()).includes('fixed.mig')
      if (there) expect(await whole(output)).toBe(true)
      await expectSwept(...(there ? ['fixed.mig'] : []), 'vm.mig')
      seen.add(there ? 'complete' : 'absent')
      await rm(output, { force: true })
    }
    expect([...seen].sort()).toEqual(['absent', 'complete'])
  })
})

describe('vits repair --in-place, killed at any point', () => {
  it('leaves the original or an undo file that brings it back', async () => {
    const { steps } = killedAt(-1, ['repair', '--in-place', file])
    expect(steps.filter((step) => step === 'write').length).toBeGreaterThan(2)
    await rm(`${file}.undo`)
    const seen = new Set<string>()
    for (const n of deadly(steps)) {
      await copyFile(join(root, 'original'), file)
      expect(killedAt(n, ['repair', '--in-place', file], true).killed).toBe(true)
      const undoable = (await names()).includes('vm.mig.undo')
      const changed = !(await readFile(file)).equals(original)
      seen.add(`${changed ? 'changed' : 'original'}, ${undoable ? 'with' : 'without'} undo file`)
      if (undoable) expect((await vits(['undo', file])).code).toBe(0)
      expect((await readFile(file)).equals(original)).toBe(true)
      await expectSwept('vm.mig')
    }
    expect([...seen].sort()).toEqual(['changed, with undo file', 'original, with undo file', 'original, without undo file'])
  })
})

describe('vits undo, killed at any point', () => {
  it('can be run again', async () => {
    await vits(['repair', '--in-place', file])
    await copyFile(file, join(root, 'repaired'))
    await copyFile(`${file}.undo`, join(root, 'undo'))
    const { steps } = killedAt(-1, ['undo', file])
    for (const n of deadly(steps)) {
      await copyFile(join(root, 'repaired'), file)
      await copyFile(join(root, 'undo'), `${file}.undo`)
      expect(killedAt(n, ['undo', file], true).killed).toBe(true)
      if ((await names()).includes('vm.mig.undo')) expect((await vits(['undo', file])).code).toBe(0)
      expect((await readFile(file)).equals(original)).toBe(true)
      await expectSwept('vm.mig')
    }
  })
})
