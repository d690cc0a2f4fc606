import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeDisk } from './disk.ts'

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
