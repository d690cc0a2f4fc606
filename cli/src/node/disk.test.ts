import promises, { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { diskOf, nodeDisk } from './disk.ts'
import { unfinished } from './unfinished.ts'
import { thisProcess } from './writer.ts'

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
    await nodeDisk.create(link, contents('new'), { replace: true })
    expect([await readFile(file, 'utf8'), await readlink(link)]).toEqual(['new', 'file'])
  })

  it('is made where a link leads to that leads to nothing, also by way of others', async () => {
    const links = join(folder, 'links')
    await mkdir(links)
    await symlink('links', join(folder, 'by-way'))
    await symlink('../by-way/second', join(links, 'first'))
    await symlink(join(folder, 'target'), join(links, 'second'))
    await nodeDisk.create(join(folder, 'by-way', 'first'), contents('new'))
    expect([await readFile(join(folder, 'target'), 'utf8'), (await readdir(links)).sort()]).toEqual(['new', ['first', 'second']])
  })

  it('is never made by way of a link where links are not to be followed', async () => {
    const [link, target] = [join(folder, 'planted'), join(folder, 'never')]
    await symlink(target, link)
    await expect(nodeDisk.create(link, contents('x'), { unlinked: true })).rejects.toThrow('file already exists')
    expect([await readlink(link), (await readdir(folder)).includes('never')]).toEqual([target, false])
  })

  it('is given up where links lead in a circle', async () => {
    await symlink('round', join(folder, 'round'))
    await expect(nodeDisk.create(join(folder, 'round'), contents('x'))).rejects.toThrow('too many symbolic links')
  })

  it('takes no name that another took meanwhile, unless it is to replace it', async () => {
    const path = join(folder, 'contested')
    const approve = () => writeFile(path, 'of another')
    await expect(nodeDisk.create(path, contents('x'), { approve })).rejects.toThrow(`cannot write ${path}: file already exists`)
    expect(await readFile(path, 'utf8')).toBe('of another')
    await nodeDisk.create(path, contents('mine'), { replace: true })
    expect(await readFile(path, 'utf8')).toBe('mine')
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('never takes the place of another where there are no hard links either', async () => {
    const unlinked = Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' })
    const fs = { ...promises, link: () => Promise.reject(unlinked) }
    const disk = diskOf({ fs, writer: thisProcess() })
    const path = join(folder, 'fat')
    await disk.create(path, contents('first'))
    await expect(disk.create(path, contents('second'))).rejects.toThrow('file already exists')
    expect(await readFile(path, 'utf8')).toBe('first')
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

describe('bytes that are overwritten', () => {
  it('are never those of another file that got the name meanwhile', async () => {
    const path = join(folder, 'patched')
    await writeFile(path, 'old')
    const was = await nodeDisk.identity(path)
    await rm(path)
    await writeFile(path, 'new')
    const edits = [{ offset: 0, remove: 1, insert: Uint8Array.of(88) }]
    await expect(nodeDisk.patch(path, edits, was)).rejects.toThrow('was changed while it was read')
    expect(await readFile(path, 'utf8')).toBe('new')
    await nodeDisk.patch(path, edits, await nodeDisk.identity(path))
    expect(await readFile(path, 'utf8')).toBe('Xew')
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
    const made = nodeDisk.createFolder(join(inside, 'vm'), { files: new Map([['state', contents('x')]]) }, stop)
    await expect(made).rejects.toThrow(`cannot write ${join(inside, 'vm')}`)
  })

  it('is refused before anything is written when its files need more room together than there is', async () => {
    const huge = { ...contents('x'), bytes: 2 ** 52 }
    const made = nodeDisk.createFolder(
      join(folder, 'huge'),
      {
        files: new Map([
          ['state', contents('x')],
          ['memory', huge],
        ]),
      },
      async () => {},
    )
    await expect(made).rejects.toThrow('no room')
    expect(await readdir(folder)).not.toContain('huge')
  })
})
