import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FileIdentity, fileOf } from '../disk.ts'
import { nodeDisk } from './disk.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vits-mode-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** A file with these permissions, as it is known; of another group where one is given. */
async function source(mode: number, gid?: number): Promise<FileIdentity> {
  const path = join(folder, 'source')
  await writeFile(path, 'memory of a guest')
  await chmod(path, mode)
  const identity = (await nodeDisk.identity(path))!
  return { ...identity, gid: gid ?? identity.gid }
}

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)
const file = (like: FileIdentity) => fileOf(new TextEncoder().encode('derived'), like)

describe('a file that is derived from another', () => {
  it.each([
    [0o600, '600'],
    [0o400, '400'],
    [0o640, '640'],
    [0o644, '644'],
    [0o604, '604'],
    [0o666, '644'],
  ])('of mode %o has mode %s: never more, and less where the umask says so', async (mode, derived) => {
    const before = process.umask(0o022)
    try {
      const modes: string[] = []
      const approve = async (part: string) => {
        modes.push(await modeOf(part))
      }
      await nodeDisk.create(join(folder, 'new'), file(await source(mode)), { approve })
      expect([...modes, await modeOf(join(folder, 'new'))]).toEqual([derived, derived])
    } finally {
      process.umask(before)
    }
  })

  it.each([
    [0o660, '600'],
    [0o644, '604'],
    [0o604, '600'],
    [0o600, '600'],
  ])('of mode %o, and of a group that new files do not get, has mode %s', async (mode, derived) => {
    await nodeDisk.create(join(folder, 'new'), file(await source(mode, 54321)))
    expect(await modeOf(join(folder, 'new'))).toBe(derived)
  })

  it('has its mode before its first byte', async () => {
    const seen: string[] = []
    const pieces = (async function* () {
      for (const name of await readdir(folder)) if (name.endsWith('.part')) seen.push(await modeOf(join(folder, name)))
      yield new Uint8Array(1)
    })()
    await nodeDisk.create(join(folder, 'new'), { bytes: 1, pieces, like: await source(0o600) })
    expect(seen).toEqual(['600'])
  })

  it('has owner, group and mode of the one whose place it takes, whatever the umask', async () => {
    const like = await source(0o666)
    const path = join(folder, 'source')
    const isRoot = process.getuid?.() === 0
    if (isRoot) await chown(path, 1234, 4321)
    const owned = isRoot ? { ...like, uid: 1234, gid: 4321 } : like
    await nodeDisk.create(path, file(owned), { replace: true })
    const { uid, gid } = await stat(path)
    expect([uid, gid, await modeOf(path)]).toEqual([owned.uid, owned.gid, '666'])
  })

  it('lies in a folder that is as closed as the one of its source', async () => {
    const like = await source(0o644)
    await mkdir(join(folder, 'closed'), 0o700)
    const closed = (await nodeDisk.identity(join(folder, 'closed')))!
    const files = new Map([['state', file(like)]])
    await nodeDisk.createFolder(join(folder, 'copy'), { files, like: closed }, async () => {})
    await nodeDisk.createFolder(
      join(folder, 'other'),
      { files: new Map([['state', file(like)]]), like: { ...closed, mode: 0o755, gid: 54321 } },
      async () => {},
    )
    expect([await modeOf(join(folder, 'copy')), await modeOf(join(folder, 'other'))]).toEqual(['700', '705'])
  })
})
