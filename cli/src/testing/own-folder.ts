import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { fixtureBytes } from '../../../core/src/formats/testing/fixtures.ts'

/** A folder of its own for each test of the file that asks for it. */
export interface OwnFolder {
  readonly path: string
  inFolder(name: string): string
  /** A saved VM of the fixtures, uncompressed on the disk. */
  saved(name: string): Promise<string>
}

export function ownFolder(): OwnFolder {
  let root: string
  let folder: string
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'vits-test-'))
  })
  afterAll(() => rm(root, { recursive: true }))
  beforeEach(async () => {
    folder = await mkdtemp(join(root, 'test-'))
  })
  const inFolder = (name: string) => join(folder, name)
  return {
    get path() {
      return folder
    },
    inFolder,
    saved: async (name) => {
      await writeFile(inFolder(name), fixtureBytes(name))
      return inFolder(name)
    },
  }
}

/** True when a file holds exactly these bytes. */
export const holds = async (path: string, bytes: Uint8Array): Promise<boolean> => (await readFile(path)).equals(bytes)
