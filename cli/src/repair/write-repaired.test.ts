import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesSource, type FileEdits, type SavedFile, type SavedMachine } from '@vits/core/formats'
import { GuestMemory } from '@vits/core/memory'
import type { RepairPlan } from '@vits/core/repair'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Io } from '../io.ts'
import { nodeDisk } from '../node/disk.ts'
import { vits } from '../testing/fake-io.ts'
import { type Opened, writeCopy, writeInPlace } from './write-repaired.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vits-several-'))
})
afterEach(() => rm(folder, { recursive: true }))

const io = { disk: nodeDisk } as Io
const plan = { memory: new GuestMemory([]), writes: [] } as unknown as RepairPlan

/** A VM of two files, of which the repair changes a byte in one and puts two bytes into the other. */
async function opened(): Promise<Opened> {
  const files: SavedFile[] = []
  for (const [name, bytes] of [
    ['state', [1, 2, 3]],
    ['memory', [4, 5, 6]],
  ] as const) {
    const path = join(folder, name)
    await writeFile(path, Uint8Array.from(bytes))
    const source = bytesSource(Uint8Array.from(bytes))
    files.push({ name: path, source, compression: undefined, container: { kind: 'plain' } })
  }
  const [state, memory] = files as [SavedFile, SavedFile]
  const edits: FileEdits[] = [
    { file: state, edits: [{ offset: 1, remove: 1, insert: Uint8Array.of(9) }] },
    { file: memory, edits: [{ offset: 2, remove: 0, insert: Uint8Array.of(8, 8) }] },
  ]
  const machine = { files, edits: async () => edits } as unknown as SavedMachine
  const identities = new Map(await Promise.all(files.map(async ({ name }) => [name, (await nodeDisk.identity(name))!] as const)))
  return { path: join(folder, 'vm'), machine, identities }
}

const contents = async () => Promise.all(['state', 'memory'].map(async (name) => [...(await readFile(join(folder, name)))]))

describe('a VM of two files', () => {
  it('is repaired in place, each file in its own way, and taken back with one undo file', async () => {
    await writeInPlace(await opened(), plan, io)
    expect([await contents(), await readdir(folder)]).toEqual([
      [
        [1, 9, 3],
        [4, 5, 8, 8, 6],
      ],
      ['memory', 'state', 'vm.undo'],
    ])
    expect((await vits(['undo', join(folder, 'vm')])).code).toBe(0)
    expect([await contents(), await readdir(folder)]).toEqual([
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      ['memory', 'state'],
    ])
  })

  it.each(['state', 'memory'])('is left alone when its file %s changed while it was read', async (name) => {
    const vm = await opened()
    await utimes(join(folder, name), new Date(), new Date(Date.now() + 5000))
    await expect(writeInPlace(vm, plan, io)).rejects.toThrow(`${join(folder, name)} was changed while it was read`)
    expect([await contents(), await readdir(folder)]).toEqual([
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      ['memory', 'state'],
    ])
  })

  it('is not written as one copy', async () => {
    const copy = writeCopy(await opened(), plan, join(folder, 'copy'), io, async () => {})
    await expect(copy).rejects.toThrow('in place only')
    expect(await readdir(folder)).toEqual(['memory', 'state'])
  })
})
