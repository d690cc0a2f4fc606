import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesSource, type FileEdits, type SavedFile, type SavedMachine } from '@vits/core/formats'
import { GuestMemory } from '@vits/core/memory'
import type { RepairPlan } from '@vits/core/repair'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Io } from '../io.ts'
import { nodeDisk } from '../node/disk.ts'
import { listFolder } from '../node/list-folder.ts'
import { vits } from '../testing/fake-io.ts'
import { refuseCopies } from './refuse-output.ts'
import { type Copying, type Opened, writeCopy, writeInPlace } from './write-repaired.ts'

type Approve = Copying['approve']

/** Into a name that is free. */
const into = (output: string, approve: Approve = async () => {}): Copying => ({ output, force: false, approve })

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vits-several-'))
})
afterEach(() => rm(folder, { recursive: true }))

const io = { disk: nodeDisk, list: listFolder } as Io
const plan = { memory: new GuestMemory([]), writes: [], registerWrites: [] } as unknown as RepairPlan

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
  return { path: join(folder, 'vm'), machine, identities: await identitiesOf({ machine }) }
}

const contents = async (inside = '.') =>
  Promise.all(['state', 'memory'].map(async (name) => [...(await readFile(join(folder, inside, name)))]))

const identitiesOf = async ({ machine }: Pick<Opened, 'machine'>): Promise<Opened['identities']> =>
  new Map(await Promise.all(machine.files.map(async ({ name }) => [name, (await nodeDisk.identity(name))!] as const)))

async function touched(vm: Opened): Promise<Opened> {
  await utimes(join(folder, 'memory'), new Date(), new Date(Date.now() + 5000))
  return vm
}

/** The file of RAM ends before what it is said to hold. */
function cutShort(vm: Opened): Opened {
  const [state, memory] = vm.machine.files as [SavedFile, SavedFile]
  const short = { ...memory, source: { byteLength: 3, slice: async (start: number) => Uint8Array.of(4, 5).subarray(start) } }
  return { ...vm, machine: { ...vm.machine, files: [state, short], edits: async () => [] } }
}

describe('a VM of two files', () => {
  it('is repaired in place, each file in its own way, and taken back with one undo file', async () => {
    await writeInPlace(await opened(), plan, io)
    expect([await contents(), await readdir(folder)]).toEqual([
      [
        [1, 9, 3],
        [4, 5, 8, 8, 6],
      ],
      ['memory', 'state', 'state.undo'],
    ])
    expect((await vits(['undo', folder])).code).toBe(0)
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

  it('is copied into a new folder: every file with its permissions, and byte for byte where nothing changes', async () => {
    const vm = await opened()
    const [state] = await vm.machine.edits(new Map())
    await chmod(state!.file.name, 0o600)
    const now = await identitiesOf(vm)
    const stateOnly = { ...vm, identities: now, machine: { ...vm.machine, edits: async () => [state!] } }
    const looked: string[][] = []
    const bytes = await writeCopy(
      stateOnly,
      plan,
      into(join(folder, 'copy'), async (path) => {
        looked.push(await readdir(path))
      }),
      io,
    )
    expect([bytes, looked]).toEqual([6, [['memory', 'state']]])
    expect(await contents('copy')).toEqual([
      [1, 9, 3],
      [4, 5, 6],
    ])
    expect((await nodeDisk.identity(join(folder, 'copy', 'state')))!.mode).toBe(0o600)
    expect([await contents(), await readdir(folder)]).toEqual([
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      ['copy', 'memory', 'state'],
    ])
  })

  it.each<[string, string, (vm: Opened) => Opened | Promise<Opened>, Approve]>([
    ['is not what was planned', 'not what was planned', (vm) => vm, () => Promise.reject(new Error('not what was planned'))],
    ['was changed while it was read', 'memory was changed while it was read', touched, async () => {}],
    ['cannot be read to its end', 'found the end of the file', cutShort, async () => {}],
  ])('leaves nothing behind when a copy of it %s', async (_when, says, spoiled, approve) => {
    const vm = await spoiled(await opened())
    await expect(writeCopy(vm, plan, into(join(folder, 'copy'), approve), io)).rejects.toThrow(says)
    expect(await readdir(folder)).toEqual(['memory', 'state'])
  })

  it('is copied into an empty folder, and never into one that holds anything, or over a file', async () => {
    const vm = await opened()
    const copy = join(folder, 'copy')
    await refuseCopies(vm.machine, copy, io)
    await mkdir(copy)
    await refuseCopies(vm.machine, copy, io)
    await writeCopy(vm, plan, into(copy), io)
    expect(await contents('copy')).toEqual([
      [1, 9, 3],
      [4, 5, 8, 8, 6],
    ])
    await expect(refuseCopies(vm.machine, copy, io)).rejects.toThrow(`${copy} is not empty`)
    await expect(refuseCopies(vm.machine, folder, io)).rejects.toThrow(`${folder} is not empty`)
    await expect(refuseCopies(vm.machine, join(copy, 'state'), io)).rejects.toThrow('state is no folder')
    const [state] = vm.machine.files
    const sameName = { ...vm, machine: { ...vm.machine, files: [state!, { ...state!, name: join(folder, 'b', 'state') }] } }
    await expect(refuseCopies(sameName.machine, join(folder, 'new'), io)).rejects.toThrow('two files of the VM are called state')
  })

  it('takes no name that somebody else took meanwhile', async () => {
    const copy = join(folder, 'copy')
    const meanwhile = async () => {
      await mkdir(copy)
      await writeFile(join(copy, 'other'), 'data')
    }
    await expect(writeCopy(await opened(), plan, into(copy, meanwhile), io)).rejects.toThrow(`cannot write ${copy}`)
    expect([await readdir(folder), await readdir(copy)]).toEqual([['copy', 'memory', 'state'], ['other']])
  })
})
