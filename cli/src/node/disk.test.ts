import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeDisk } from './disk.ts'
import { unfinished } from './unfinished.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vits-disk-'))
})
afterAll(() => rm(folder, { recursive: true }))

const contents = (text: string) => ({
  bytes: text.length,
  pieces: (async function* () {
    yield new TextEncoder().encode(text)
  })(),
})

describe('a new file', () => {
  it('replaces what a link leads to, and leaves the link', async () => {
    const [file, link] = [join(folder, 'file'), join(folder, 'link')]
    await writeFile(file, 'old')
    await symlink('file', link)
    await nodeDisk.create(link, contents('new'))
    expect([await readFile(file, 'utf8'), await readlink(link)]).toEqual(['new', 'file'])
  })

  it('never takes the place of a device or a folder', async () => {
    const inside = join(folder, 'folder')
    await mkdir(inside)
    for (const path of ['/dev/null', inside]) {
      await expect(nodeDisk.create(path, contents('x'))).rejects.toThrow(`cannot write ${path}: it is not a regular file`)
    }
    expect(await readdir(inside)).toEqual([])
  })
})

describe('a new folder', () => {
  it('is removed with what is in it when the program is stopped before it is complete', async () => {
    const inside = join(folder, 'stopped')
    await mkdir(inside)
    const stop = async () => {
      expect(await readdir(inside)).toHaveLength(1)
      unfinished.remove()
      expect(await readdir(inside)).toEqual([])
    }
    const made = nodeDisk.createFolder(join(inside, 'vm'), new Map([['state', contents('x')]]), stop)
    await expect(made).rejects.toThrow(`cannot write ${join(inside, 'vm')}`)
  })

  it('is refused before anything is written when its files need more room together than there is', async () => {
    const huge = { ...contents('x'), bytes: 2 ** 52 }
    const made = nodeDisk.createFolder(
      join(folder, 'huge'),
      new Map([
        ['state', contents('x')],
        ['memory', huge],
      ]),
      async () => {},
    )
    await expect(made).rejects.toThrow('no room')
    expect(await readdir(folder)).not.toContain('huge')
  })
})
