import { join } from 'node:path'
import type { Edit, FileEdits, SavedFile, SavedMachine } from '@vits/core/formats'
import { GuestMemory } from '@vits/core/memory'
import type { RepairPlan } from '@vits/core/repair'
import type { FileIdentity } from '../disk.ts'
import type { Io, OpenFile } from '../io.ts'
import { holding } from '../repair/holding.ts'
import { refuseInPlace, refuseOutput } from '../repair/refuse-output.ts'
import { type Opened, writeCopy, writeInPlace } from '../repair/write-repaired.ts'

/** A VM whose files are text, and whose repair replaces letters: what a repair does to the disk, without its analysis. */
export interface LetterVm {
  /** The paths of its files; it is opened by the first. */
  readonly files: readonly string[]
  /** What becomes of each letter: of the same length it is written where it lies. */
  readonly letters: Readonly<Record<string, string>>
}

/** Repairs it in place, as `vits repair --in-place` does. False when there is nothing to repair. */
export async function repairInPlace({ files, letters }: LetterVm, io: Io): Promise<boolean> {
  const [path, ...others] = files as [string, ...string[]]
  return holding([path], io, async (hold) => {
    await refuseInPlace(path, io)
    return opened({ files, letters }, io, async (vm) => {
      await hold(others)
      for (const other of others) await refuseInPlace(other, io)
      if ((await vm.machine.edits(new Map())).length === 0) return false
      await writeInPlace(vm, plan, io)
      return true
    })
  })
}

/** Writes a repaired copy of it, as `vits repair -o` does. */
export async function repairCopy(vm: LetterVm, output: string, io: Io): Promise<void> {
  await refuseOutput(vm.files[0]!, { path: output, force: false }, io)
  const approve = async (path: string) => {
    for (const file of (await io.list(path))?.map((name) => join(path, name)) ?? [path]) await (await io.open(file)).close()
  }
  await opened(vm, io, (machine) => writeCopy(machine, plan, { output, force: false, approve }, io))
}

/** What files hold, and what two different repairs make of them: where they lie, in a new file, and one of each in two files. */
export const letterVms = {
  'a file that keeps its length': [['a-bad-vm-with-b-and-d'], { b: 'B' }, { b: 'x', d: 'D' }],
  'a file that grows': [['a-bad-vm-with-b-and-d'], { b: 'BB' }, { b: 'B', d: 'DD' }],
  'two files': [['one-b-and-d', 'two-b-and-d-and-e'], { b: 'B', e: 'EE' }, { b: 'BB', d: 'D' }],
} as const satisfies Record<string, readonly [readonly string[], LetterVm['letters'], LetterVm['letters']]>

const plan = { memory: new GuestMemory([]), writes: [], registerWrites: [] } as unknown as RepairPlan

async function opened<T>({ files, letters }: LetterVm, io: Io, use: (vm: Opened) => Promise<T>): Promise<T> {
  const identities = new Map<string, FileIdentity>()
  const sources: OpenFile[] = []
  try {
    for (const name of files) {
      const identity = await io.disk.identity(name)
      if (identity !== undefined) identities.set(name, identity)
      sources.push(await io.open(name))
    }
    const saved = files.map(
      (name, i): SavedFile => ({ name, source: sources[i]!, compression: undefined, container: { kind: 'plain' } }),
    )
    const edits = async () => {
      const all: FileEdits[] = []
      for (const file of saved) all.push({ file, edits: await lettersOf(file, letters) })
      return all.filter((file) => file.edits.length > 0)
    }
    return await use({ path: files[0]!, machine: { files: saved, edits } as unknown as SavedMachine, identities })
  } finally {
    for (const source of sources) await source.close()
  }
}

async function lettersOf({ source }: SavedFile, letters: LetterVm['letters']): Promise<Edit[]> {
  const text = new TextDecoder().decode(await source.slice(0, source.byteLength))
  return [...text].flatMap((letter, offset) => {
    const insert = letters[letter]
    return insert === undefined ? [] : [{ offset, remove: 1, insert: new TextEncoder().encode(insert) }]
  })
}
